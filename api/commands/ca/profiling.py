"""Looking at an authority's certificate profiles, and putting ended certificates away."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from api import moments
from api.arguments import add_command, checked
from api.authority_access import actor_of, add_actor, add_directory, unsigning_authority
from api.failures import ExitStatus
from api.messages import Messages
from api.output import Output

if TYPE_CHECKING:
    from ca.profile import Profile


def add_parsers(group: Any, text: Messages) -> None:
    """Add the commands."""
    profiles = add_command(group, text, "profiles", "ca.profiles")
    profiles.add_argument("--directory", metavar="DIR", help=text("ca.profiles.directory"))
    profiles.add_argument("--json", action="store_true", help=text("arguments.json"))
    profiles.set_defaults(handler=_profiles)

    archive = add_command(group, text, "archive", "ca.archive")
    add_directory(archive, text)
    archive.add_argument(
        "--ended-before",
        metavar="TIME",
        type=checked(moments.read_moment, text, "arguments.not_a_moment"),
        help=text("ca.archive.ended_before"),
    )
    add_actor(archive, text)
    archive.set_defaults(handler=_archive)


def _profiles(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    from api.authority_folder import profiles_of
    from ca.profile import built_in_profiles

    profiles = profiles_of(Path(arguments.directory)) if arguments.directory else built_in_profiles()
    rows: list[tuple[object, ...]] = []
    for profile in profiles.versions:
        if arguments.json:
            out.json(_as_data(profile), compact=True)
        else:
            days = text("ca.profiles.days", count=profile.max_validity.days)
            rows.append((profile.identifier, profile.title, days, profile.encryption_twin or ""))
    out.table(rows)
    return ExitStatus.PASSED


def _as_data(profile: "Profile") -> dict[str, Any]:
    return {
        "name": profile.name,
        "version": profile.version,
        "title": profile.title,
        "certifies": str(profile.certifies),
        "max_days": profile.max_validity.days,
        "key_usage": sorted(usage.name.lower() for usage in profile.key_usage),
        "extended_key_usage": list(profile.extended_key_usage),
        "subject_alt_name": str(profile.alternative_names),
        "identity": {
            str(rule.kind): {"presence": str(rule.presence), "form": str(rule.form)} for rule in profile.identity
        },
        "organization_code": str(profile.organization_code),
        "encryption_twin": profile.encryption_twin,
        "basis": list(profile.basis),
    }


def _archive(arguments: argparse.Namespace, text: Messages, out: Output) -> int:
    with unsigning_authority(arguments) as authority:
        count = authority.archive_expired(
            actor=actor_of(arguments), before=arguments.ended_before or moments.now()
        )
    out.line(text("ca.archive.done", count=count))
    return ExitStatus.PASSED
