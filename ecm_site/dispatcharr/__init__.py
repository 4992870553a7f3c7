"""The client of a Dispatcharr server (DESIGN §3): one guarded, patient connection and a typed method per call.

``get_client()`` is the client of the server in the settings; ``Dispatcharr(address)`` is one of any other. Every failure is
one of the few exceptions of :mod:`ecm_site.dispatcharr.errors`, whose text is a sentence for the operator. A ground stone: it
knows the settings record and the guarded sockets of :mod:`ecm_site.fetching`, and no app.
"""
