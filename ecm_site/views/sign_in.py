from django.http import HttpRequest, HttpResponse

from ecm_site.middleware import public


@public
def sign_in(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sign in")


@public
def sign_out(request: HttpRequest) -> HttpResponse:
    return HttpResponse("sign out")
