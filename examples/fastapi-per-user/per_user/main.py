"""The application: `uvicorn --factory per_user.main:application`."""

import asyncio
from contextlib import asynccontextmanager

import jwt
import sqlalchemy
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from .bearer import Bearer
from .person import SignInNeeded
from .pools import Pools, TooManyPeople
from .routes import router
from .sessions import Sessions
from .settings import Settings


def create(settings):
    app = FastAPI(title="Per user", lifespan=lifespan)
    app.state.settings = settings
    app.state.bearer = Bearer(settings)
    app.state.sessions = Sessions(settings.session_seconds)
    app.state.pools = Pools(settings)
    app.include_router(router)
    app.add_exception_handler(SignInNeeded, sign_in_needed)
    app.add_exception_handler(TooManyPeople, busy)
    app.add_exception_handler(sqlalchemy.exc.TimeoutError, busy)
    app.add_exception_handler(jwt.PyJWKClientError, busy)
    app.add_exception_handler(sqlalchemy.exc.DBAPIError, refused)
    return app


@asynccontextmanager
async def lifespan(app):
    pools, idle = app.state.pools, app.state.settings.idle_seconds

    async def sweep():
        while True:
            await asyncio.sleep(idle / 4)
            await asyncio.to_thread(pools.close_idle)

    sweeping = asyncio.create_task(sweep())
    yield
    sweeping.cancel()
    await asyncio.to_thread(pools.close_all)


def sign_in_needed(_request, reason):
    return JSONResponse({"detail": f"Sign in again: {reason}"}, 401)


def busy(_request, _reason):
    return JSONResponse({"detail": "Too busy, try again."}, 503, {"Retry-After": "5"})


def refused(_request, error):
    """What the driver and the server say has no secret in it, and says what to do."""
    state, message = (*error.orig.args, "")[:2]
    refusal = state == "28000"
    return JSONResponse({"detail": message if refusal else "The database does not answer."}, 403 if refusal else 503)


def application():
    return create(Settings.of_environment())
