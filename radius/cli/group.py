"""The commands of `python -m radius group`: settings that many users share."""

import argparse
import json

from radius.cli import setting
from radius.cli.action import Action, Tools, Topic, json_option, say
from radius.server.users.sqlite import unknown_group


def _name_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", metavar="NAME", help="the group's name")


def _set_options(parser: argparse.ArgumentParser) -> None:
    _name_option(parser)
    setting.options(parser)


def _show_options(parser: argparse.ArgumentParser) -> None:
    _name_option(parser)
    json_option(parser)


def _add(options: argparse.Namespace, tools: Tools) -> None:
    tools.users.create()
    with tools.users.together():
        tools.users.add_group(options.name)
        setting.apply(options, tools.users.give_group)
    say(f"group {options.name} added")


def _set(options: argparse.Namespace, tools: Tools) -> None:
    _existing(options, tools)
    with tools.users.together():
        setting.apply(options, tools.users.give_group)
    say(f"group {options.name} is set; it holds from the next dial-in on")


def _list(options: argparse.Namespace, tools: Tools) -> None:
    groups = tools.users.groups()
    if options.json:
        say(json.dumps(groups, indent=2))
        return
    everybody = tools.users.all()
    for name in groups:
        members = [user.name for user in everybody if user.group == name]
        say(f"{name}\t{', '.join(members) or '-'}")


def _show(options: argparse.Namespace, tools: Tools) -> None:
    settings = _existing(options, tools)
    say(json.dumps(settings, indent=2) if options.json else "\n".join(setting.lines(settings)))


def _remove(options: argparse.Namespace, tools: Tools) -> None:
    tools.users.remove_group(options.name)
    say(f"group {options.name} is removed")


def _existing(options: argparse.Namespace, tools: Tools) -> dict[str, str]:
    groups = tools.users.groups()
    name = next((name for name in groups if name.casefold() == options.name.casefold()), None)
    if name is None:
        raise unknown_group(options.name)
    return groups[name]


TOPIC = Topic(
    "group",
    "manage groups, whose settings their users inherit",
    (
        Action("add", "add a group", _set_options, _add),
        Action("set", "set or take away what a group's users are given", _set_options, _set),
        Action("list", "list all groups and their users", json_option, _list),
        Action("show", "show the settings of one group", _show_options, _show),
        Action("remove", "remove a group that has no users", _name_option, _remove),
    ),
)
