"""Users in the raw data, with what they may do: the place where administrators change roles until ECM has a page for it."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.forms import BaseInlineFormSet, ModelForm
from django.http import HttpRequest

from ecm_site.change_role import forget, log_role
from ecm_site.models import DecidedBy, UserRole
from ecm_site.roles import Role, role_of

if TYPE_CHECKING:
    Inline = admin.StackedInline[UserRole, User]
    RoleModelForm = ModelForm[UserRole]
    RoleFormSet = BaseInlineFormSet[UserRole, User, RoleModelForm]
    Users = UserAdmin[User]
else:
    Inline = admin.StackedInline
    RoleModelForm = ModelForm
    RoleFormSet = BaseInlineFormSet
    Users = UserAdmin


class RoleForm(RoleModelForm):
    class Meta:
        model = UserRole
        fields = ("role", "decided_by")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].help_text = "Administrators (staff status) may do everything, whatever stands here."

    def has_changed(self) -> bool:
        return True  # what the page shows is what is kept, also by somebody who only looked at it

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if "role" in self.changed_data and "decided_by" not in self.changed_data:
            values["decided_by"] = DecidedBy.ADMINISTRATOR.value  # else the next sign-in would take it back
        return values


class RoleInline(Inline):
    model = UserRole
    form = RoleForm
    can_delete = False
    extra = min_num = max_num = 1
    verbose_name_plural = "what the user may do"


class RoleFilter(admin.SimpleListFilter):
    title = "role"
    parameter_name = "role"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(role.value, role.value.capitalize()) for role in Role]

    def queryset(self, request: HttpRequest, queryset: QuerySet[User]) -> QuerySet[User]:
        if self.value() == Role.ADMINISTRATOR:
            return queryset.filter(is_staff=True)
        if self.value() == Role.VIEWER:
            return queryset.filter(is_staff=False, ecm_role__role=Role.VIEWER)
        if self.value() == Role.EDITOR:
            return queryset.filter(is_staff=False).exclude(ecm_role__role=Role.VIEWER)
        return queryset


class UserWithRoleAdmin(Users):
    inlines = (RoleInline,)
    list_display = ("username", "email", "first_name", "last_name", "ecm_role_name", "is_active")
    list_filter = (RoleFilter, "is_active", "is_superuser")
    list_select_related = ("ecm_role",)

    def get_formset_kwargs(self, request: HttpRequest, obj: User, inline: Any, prefix: str) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        if obj.pk:  # somebody without a row is an editor; somebody new begins as a viewer
            kwargs["initial"] = [{"role": Role.EDITOR.value}]
        return kwargs

    @admin.display(description="role")
    def ecm_role_name(self, user: User) -> str:
        return role_of(user).value

    def save_model(self, request: HttpRequest, obj: User, form: forms.Form, change: bool) -> None:
        known = User.objects.select_related("ecm_role").filter(pk=obj.pk).first() if change else None
        request.role_before = role_of(known) if known else None  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def save_formset(self, request: HttpRequest, form: Any, formset: RoleFormSet, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        user: User = form.instance
        forget(user)
        before, after = getattr(request, "role_before", None), role_of(user)
        if before is not None and before is not after:
            log_role(user, before, after, DecidedBy.ADMINISTRATOR)


admin.site.unregister(User)
admin.site.register(User, UserWithRoleAdmin)
