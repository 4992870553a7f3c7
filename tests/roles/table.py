"""Who may do what, as a table: the lists of :mod:`ecm_site.role_rules` for viewers, and here what administrators alone may.

``test_every_address.py`` holds it against what the house answers, ``test_what_pages_offer.py`` against what pages offer.
"""

ADMINISTRATORS_SEND = frozenset(
    (
        "api/alert-methods",
        "api/alert-methods/<int:method_id>",
        "api/alert-methods/<int:method_id>/test",
        "api/alert-methods/test",
        "api/journal/purge",
        "api/m3u/digest/settings",
        "api/m3u/digest/test",
        "api/normalization/apply-to-channels",
        "api/settings/test-discord",
        "api/settings/test-smtp",
        "api/settings/test-telegram",
        "journal/purge/",
        "publishing/settings/",
        "publishing/tokens/<int:token_id>/revoke/",
        "publishing/tokens/add/",
        "server/install/",
        "settings/appearance/",
        "settings/authentication/",
        "settings/channel-defaults/",
        "settings/dispatcharr/",
        "settings/dispatcharr/backups/<str:name>/",
        "settings/dispatcharr/backups/<str:name>/delete/",
        "settings/dispatcharr/key/",
        "settings/dispatcharr/switch/<str:way>/",
        "settings/dispatcharr/switch/finish/",
        "settings/dispatcharr/test/",
        "settings/general/",
        "settings/guide/",
        "settings/m3u-digest/",
        "settings/m3u-digest/test/",
        "settings/maintenance/",
        "settings/maintenance/unlock/",
        "settings/normalization/",
        "settings/normalization/apply/",
        "settings/notifications/digest/",
        "settings/notifications/discord/",
        "settings/notifications/mail-server/",
        "settings/notifications/methods/<int:method_id>/",
        "settings/notifications/methods/<int:method_id>/delete/",
        "settings/notifications/methods/<int:method_id>/switch/",
        "settings/notifications/methods/<int:method_id>/test/",
        "settings/notifications/methods/add/<slug:method_type>/",
        "settings/notifications/recipients/",
        "settings/notifications/telegram/",
        "settings/players/",
        "settings/playlists/",
        "settings/stream-sorting/",
        "welcome/dispatcharr/",
    )
)
"""Routes that refuse what editors send."""

ADMINISTRATORS_OPEN = frozenset(
    (
        "api/debug/request-rates",
        "journal/purge/",
        "publishing/tokens/<int:token_id>/revoke/",
        "publishing/tokens/add/",
        "settings/dispatcharr/backups/<str:name>/",
        "settings/dispatcharr/key/",
        "settings/dispatcharr/switch/<str:way>/",
        "settings/maintenance/log/",
        "settings/maintenance/log/download/",
        "settings/normalization/apply/",
        "welcome/dispatcharr/",
    )
)
"""Routes that editors may not even look at."""

ADMINISTRATORS_TASKS = frozenset(("cleanup", "switch_dispatcharr"))
"""Tasks that only administrators start and change: their addresses are those of all tasks."""
