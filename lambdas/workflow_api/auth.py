"""Who may use the API: who sends a key, as `Authorization: Bearer <key>`, that may do what is asked for."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus

from fastapi import Request

from lambdas.workflow_api.key_source import Keys
from lambdas.workflow_api.keys import ApiKey, Verb
from lambdas.workflow_api.limits import Limits
from lambdas.workflow_api.problems import Problem
from tailrace.workflow import Workflow

Admit = Callable[[Request], Awaitable[ApiKey]]
AdmitAnybody = Callable[[Request], Awaitable[ApiKey | None]]


_INVALID = 'Bearer error="invalid_token"'
_REFUSED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class Access:
    """Tells requests apart by their keys, and takes no more of one caller than it may make."""

    def __init__(self, keys: Keys, limits: Limits) -> None:
        self._keys = keys
        self._limits = limits

    def may(self, verb: Verb) -> Admit:
        """Make the dependency that lets a request through with a key that may do this with the workflow in its path.

        It gives the key, since a route that is about several workflows must choose by it.
        """

        async def admit(request: Request) -> ApiKey:
            key = await self._identify(request)
            _check(key, verb, request.path_params.get("workflow_id"))
            return key

        return admit

    def may_run(self, public: Callable[[str], Workflow | None]) -> AdmitAnybody:
        """Make the dependency that lets a request run the workflow in its path: with a key, or if that one is public.

        It gives None for a stranger: everybody whose key would not do, since a webhook's sender may have a bearer's
        token of its own to send.
        """
        admit_holder = self.may(Verb.RUN)

        async def admit(request: Request) -> ApiKey | None:
            try:
                return await admit_holder(request)
            except Problem as problem:
                if problem.status not in _REFUSED or public(request.path_params["workflow_id"]) is None:
                    raise
                if problem.status is HTTPStatus.FORBIDDEN:  # a key's request, which counts as a stranger's after all
                    await self._limits.admit_stranger(_address(request))
                return None

        return admit

    async def _identify(self, request: Request) -> ApiKey:
        """Who sent a request; where nobody did whom the API knows, it is an address's."""
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            await self._limits.admit_stranger(_address(request))
            raise _unauthorized("Send an API key as `Authorization: Bearer <key>`.", challenge="Bearer")
        key = await self._keys.find(text.strip().encode())
        if key is None:
            await self._limits.admit_stranger(_address(request))
            raise _no_keys() if self._keys.empty else _unknown()
        await self._limits.admit_key(key)
        return key


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


def _check(key: ApiKey, verb: Verb, workflow_id: str | None) -> None:
    """Raise the problem that names what the key lacks."""
    if workflow_id is not None and not key.reaches(workflow_id):
        # The same whether there is such a workflow or not: who is not told of it can't find out.
        detail = f"The key {key.name!r} is for {', '.join(key.workflows)}, not for {workflow_id[:80]}."
        raise _forbidden(detail, {"key": key.name, "missing": {"workflow": workflow_id}})
    if verb not in key.verbs:
        detail = f"The key {key.name!r} may {', '.join(sorted(key.verbs))}; this takes {verb.value}."
        raise _forbidden(detail, {"key": key.name, "missing": {"verb": verb.value}})


def _unknown() -> Problem:
    return _unauthorized("This is no key of the API's, or none any more.", challenge=_INVALID)


def _no_keys() -> Problem:
    return _unauthorized(
        "The API has no keys yet, or none any more. `tailrace keys first` makes one that may do everything.",
        kind="no-keys",
        challenge=_INVALID,
    )


def _unauthorized(detail: str, *, kind: str = "unauthorized", challenge: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, kind, detail, headers={"WWW-Authenticate": challenge})


def _forbidden(detail: str, members: dict[str, object]) -> Problem:
    challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
    return Problem(HTTPStatus.FORBIDDEN, "forbidden", detail, headers=challenge, members=members)
