"""A FastAPI application whose errors are the house's: for the REST parts of services."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from api.http.exchange import HttpAnswer, header_list
from api.http.problems import FORESEEN, problem, problem_of

_MOST_PLACES = 20


def rest_application(title: str, version: str, **options: Any) -> FastAPI:
    """An application for ``service.Mount``: problem documents for every error, OpenAPI at ``/openapi.json``.

    Args:
        title: Of the interface.
        version: Of the interface.
        options: As of FastAPI.
    """
    application = FastAPI(title=title, version=version, docs_url=None, redoc_url=None, **options)
    application.add_exception_handler(HTTPException, _of_framework)
    application.add_exception_handler(RequestValidationError, _of_validation)
    for kind in (*FORESEEN, Exception):
        application.add_exception_handler(kind, _of_domains)
    return application


def _of_framework(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    headers = tuple((name.lower().encode(), value.encode()) for name, value in (error.headers or {}).items())
    return _response(
        problem(status, "http", "" if error.detail == status.phrase else error.detail, headers=headers)
    )


def _of_validation(_: Request, error: Exception) -> Response:
    """Places and kinds of what is wrong, never the values."""
    assert isinstance(error, RequestValidationError)
    places = [f"{'.'.join(map(str, each['loc']))}: {each['type']}" for each in error.errors()[:_MOST_PLACES]]
    return _response(problem(HTTPStatus.UNPROCESSABLE_ENTITY, "validation", "; ".join(places)))


def _of_domains(_: Request, error: Exception) -> Response:
    return _response(problem_of(error))


def _response(answer: HttpAnswer) -> Response:
    response = Response(answer.body, answer.status)
    response.raw_headers = header_list(answer)
    return response
