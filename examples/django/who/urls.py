"""One page: who the database says is asking."""

from django.db import connection
from django.http import HttpResponse
from django.urls import path


def who(_request):
    with connection.cursor() as cursor:
        cursor.execute("SELECT SUSER_SNAME()")
        [name] = cursor.fetchone()
    return HttpResponse(f"{name}\n", content_type="text/plain")


urlpatterns = [path("", who)]
