from django.http import HttpRequest, HttpResponse

from ecm_site.middleware import public


@public
def setup(request: HttpRequest) -> HttpResponse:
    return HttpResponse("setup")
