"""Key ceremonies: run from a plan that was reviewed, step by step, with a transcript that anybody can judge."""
