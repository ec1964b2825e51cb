"""The public pages of invitations know no cookie: neither whose browser it is, nor a forged session to look up."""

PUBLIC = "/invitation/"


class NoCookies:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path_info.startswith(PUBLIC):
            request.META.pop("HTTP_COOKIE", None)
        return self.get_response(request)
