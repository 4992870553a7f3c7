"""The services of the Apprise family that may be used: each is known to speak plain HTTP requests and nothing else.

Apprise knows many more, among them ones that open raw sockets, read local files or talk to the desktop. A scheme that is not
listed here cannot be used; only the listed modules are ever loaded.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Service:
    label: str
    schemes: tuple[str, ...]
    module: str
    class_name: str
    example: str


SERVICES = (
    Service("ntfy", ("ntfy", "ntfys"), "ntfy", "NotifyNtfy", "ntfy://topic or ntfys://user:password@host/topic"),
    Service("Gotify", ("gotify", "gotifys"), "gotify", "NotifyGotify", "gotifys://host/token"),
    Service("Slack", ("slack",), "slack", "NotifySlack", "https://hooks.slack.com/services/… or slack://TokenA/TokenB/TokenC"),
    Service("Matrix", ("matrix", "matrixs"), "matrix", "NotifyMatrix", "matrixs://user:password@host/#room:host"),
    Service("Mattermost", ("mmost", "mmosts"), "mattermost", "NotifyMattermost", "mmosts://host/token"),
    Service("Pushover", ("pover",), "pushover", "NotifyPushover", "pover://user@token"),
    Service("Webhook (JSON)", ("json", "jsons"), "custom_json", "NotifyJSON", "jsons://host/path"),
    Service("Webhook (form)", ("form", "forms"), "custom_form", "NotifyForm", "forms://host/path"),
    Service(
        "Microsoft Teams", ("workflow", "workflows"), "workflows", "NotifyWorkflows", "workflows://host/workflow/signature"
    ),
    Service("Google Chat", ("gchat",), "google_chat", "NotifyGoogleChat", "gchat://workspace/key/token"),
    Service("Rocket.Chat", ("rocket", "rockets"), "rocketchat", "NotifyRocketChat", "rockets://webhook@host/#channel"),
    Service("Zulip", ("zulip",), "zulip", "NotifyZulip", "zulip://bot@organization/token/stream"),
    Service("Webex", ("wxteams", "webex"), "webexteams", "NotifyWebexTeams", "wxteams://token"),
    Service(
        "Nextcloud Talk", ("nctalk", "nctalks"), "nextcloudtalk", "NotifyNextcloudTalk", "nctalks://user:password@host/room"
    ),
    Service(
        "Signal (REST API)", ("signal", "signals"), "signal_api", "NotifySignalAPI", "signal://host:8080/+4900000/+4911111"
    ),
    Service("Home Assistant", ("hassio", "hassios"), "home_assistant", "NotifyHomeAssistant", "hassio://host:8123/token"),
    Service("Pushbullet", ("pbul",), "pushbullet", "NotifyPushBullet", "pbul://token"),
    Service("Bark", ("bark", "barks"), "bark", "NotifyBark", "barks://host/device"),
    Service("Join", ("join",), "join", "NotifyJoin", "join://apikey/device"),
    Service("Prowl", ("prowl",), "prowl", "NotifyProwl", "prowl://apikey"),
    Service("Lark", ("lark",), "lark", "NotifyLark", "lark://token"),
)

BY_SCHEME = {scheme: service for service in SERVICES for scheme in service.schemes}
ELSEWHERE = {
    "discord": "Discord is a kind of its own: choose it instead.",
    "tgram": "Telegram is a kind of its own: choose it instead.",
    "mailto": "E-mail is a kind of its own: choose it instead.",
    "mailtos": "E-mail is a kind of its own: choose it instead.",
}
