"""The corridor between the rooms: named components, who owns them, and errors that name the owner."""

from corpuskit.registry.registry import Component, PluginInfo, Registry, default

__all__ = ["Component", "PluginInfo", "Registry", "default"]
