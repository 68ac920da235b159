"""The application: `uvicorn --factory per_user.main:application`."""

import asyncio
from contextlib import asynccontextmanager

from fastapi import FastAPI

from . import errors, pages
from .bearer import Bearer
from .pools import Pools
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
    app.mount("/static", pages.static, "static")
    errors.register(app)
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


def application():
    return create(Settings.of_environment())
