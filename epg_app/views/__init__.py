"""Pages of the guide manager. (Being built right now by the colleague "guide pages": forms.py, views/, templates/epg_app/,
static/epg_app/, urls.py, admin.py and their tests. "epg" goes on with importing, bench and tests and leaves these alone.)"""
