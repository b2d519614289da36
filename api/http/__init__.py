"""The house's HTTP side: how a service is offered to the network, and how services are run together.

A service in a domain is transport-free: octets in, an answer value out. What the network needs of it is a
``service.Service``, a value with a name, routes, jobs, start, stop and health. To add one:

1. Write ``api/http/<service>.py`` with ``def build(surroundings: Surroundings) -> Service | None``. It reads the
   service's own file beside ``authority.json`` (strictly; None if there is none), opens what it needs and gives
   the value. It refuses contradictions by raising ``CommandError``; nothing is served then.
2. Name the module in ``assembly.SERVICES``. ``xinyin ca serve`` runs it from then on.
3. Machine protocols give ``Route``: an endpoint takes an ``HttpRequest`` whose body was read within its limits,
   and gives an ``HttpAnswer``. Endpoints are coroutines on the loop; one that waits for a disk or a key store is
   wrapped by ``in_thread``. REST parts give a ``Mount`` of a FastAPI application from ``rest.rest_application``.
4. Work that comes round gives a ``Job``. Jobs run in threads of the first worker alone.
5. Raise what the domain raises: ``problems`` turns typed errors into answers (RFC 9457), in one table.

What the application sees to, for all: sizes, times and counts of what comes in, HEAD and 405, one access-log line
without query, body, client or number, ``/health`` and ``/ready``, and that no traceback reaches anybody.
"""
