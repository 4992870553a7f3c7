"""Addresses for players (namespace ``output``) and the page for operators (namespace ``publishing``).

Every player address also exists below ``/t/<token>/``: players that drop the query of an address keep its path.
"""

from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.urls.converters import StringConverter

from channels_app.logos.addresses import STORED_NAME
from channels_app.publishing.views import feeds, logos, page, tuner


class TokenConverter(StringConverter):
    regex = "[A-Za-z0-9_-]{16,200}"


class LogoFileConverter(StringConverter):
    regex = STORED_NAME


register_converter(TokenConverter, "output_token")
register_converter(LogoFileConverter, "logo_file")

documents: list[URLPattern | URLResolver] = [
    path("output/m3u", feeds.playlist, name="playlist"),
    path("output/m3u/", feeds.playlist),
    path("output/epg", feeds.guide, name="guide"),
    path("output/epg/", feeds.guide),
    path("output/epg.xml", feeds.guide, name="guide_xml"),
    path("output/epg.xml.gz", feeds.guide, {"as_gz": True}, name="guide_gz"),
    path("output/m3u/<str:profile>", feeds.playlist, name="profile_playlist"),
    path("output/epg/<str:profile>", feeds.guide, name="profile_guide"),
    path("logos/<logo_file:file_name>", logos.uploaded, name="logo"),
    path("stream/<uuid:channel_uuid>", feeds.stream, name="stream"),
    path("stream/<uuid:channel_uuid>/archive", feeds.archive, name="archive"),
    path("hdhr", tuner.discovery),
    path("hdhr/", tuner.discovery),
    path("hdhr/discover.json", tuner.discovery, name="discover"),
    path("hdhr/lineup.json", tuner.lineup, name="tuner_lineup"),
    path("hdhr/lineup_status.json", tuner.lineup_status, name="tuner_status"),
    path("hdhr/lineup.post", tuner.lineup_post),
    path("hdhr/lineup.xml", tuner.lineup_as_xml),
    path("hdhr/lineup.m3u", tuner.lineup_as_playlist, name="tuner_playlist"),
    path("hdhr/device.xml", tuner.device, name="tuner_device"),
    path("hdhr/<str:profile>", tuner.discovery),
    path("hdhr/<str:profile>/", tuner.discovery),
    path("hdhr/<str:profile>/discover.json", tuner.discovery),
    path("hdhr/<str:profile>/lineup.json", tuner.lineup),
    path("hdhr/<str:profile>/lineup_status.json", tuner.lineup_status),
    path("hdhr/<str:profile>/lineup.post", tuner.lineup_post),
    path("hdhr/<str:profile>/lineup.xml", tuner.lineup_as_xml),
    path("hdhr/<str:profile>/lineup.m3u", tuner.lineup_as_playlist),
    path("hdhr/<str:profile>/device.xml", tuner.device),
    path("hdhr/<str:profile>/<str:document>", tuner.unknown_document),
]
pages: list[URLPattern | URLResolver] = [
    path("", page.overview, name="page"),
    path("state/", page.state, name="state"),
    path("publish/", page.publish_now, name="publish"),
    path("settings/", page.change_settings, name="settings"),
    path("tokens/", page.tokens, name="tokens"),
    path("tokens/add/", page.add_token, name="add_token"),
    path("tokens/<int:token_id>/revoke/", page.revoke, name="revoke_token"),
    path("check-tuner/", page.check_tuner, name="check_tuner"),
]
urlpatterns: list[URLPattern | URLResolver] = [
    path("publishing/", include((pages, "publishing"))),
    path("", include((documents, "output"))),
    path("t/<output_token:token>/", include((documents, "output_with_token"))),
]
