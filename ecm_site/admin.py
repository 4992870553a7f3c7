"""Raw data of the site: who tried to sign in lately (looking only; attempts forget themselves), and what users prefer."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.http import HttpRequest

from ecm_site import admin_users  # noqa: F401 - importing registers users
from ecm_site.models import ExternalIdentity, SignInAttempt, UserPreferences, UserRole

if TYPE_CHECKING:
    Admin = admin.ModelAdmin[SignInAttempt]
    PreferencesAdmin = admin.ModelAdmin[UserPreferences]
    RoleAdmin = admin.ModelAdmin[UserRole]
    IdentityAdmin = admin.ModelAdmin[ExternalIdentity]
else:
    IdentityAdmin = admin.ModelAdmin
    PreferencesAdmin = admin.ModelAdmin
    RoleAdmin = admin.ModelAdmin
    Admin = admin.ModelAdmin  # takes no type arguments while running

admin.site.site_header = "ECM – raw data"
admin.site.site_title = "ECM raw data"
admin.site.index_title = "Tables"


@admin.register(SignInAttempt)
class SignInAttemptAdmin(Admin):
    list_display = ("at", "name", "address", "outcome")
    list_filter = ("outcome",)
    search_fields = ("name", "address")
    ordering = ("-at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SignInAttempt | None = None) -> bool:
        return False


@admin.register(UserPreferences)
class UserPreferencesAdmin(PreferencesAdmin):
    list_display = ("user", "theme")
    list_select_related = ("user",)


@admin.register(UserRole)
class UserRoleAdmin(RoleAdmin):
    """To look at; roles are changed at the user, where that is journalled."""

    list_display = ("user", "role", "decided_by")
    list_filter = ("role", "decided_by")
    list_select_related = ("user",)
    search_fields = ("user__username",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: UserRole | None = None) -> bool:
        return False


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(IdentityAdmin):
    list_display = ("user", "provider", "name", "external_id", "server", "last_used_at")
    list_filter = ("provider",)
    list_select_related = ("user",)
    search_fields = ("name", "external_id", "user__username")
