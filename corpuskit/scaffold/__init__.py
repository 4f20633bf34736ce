"""New plugin packages: complete, tested and installable, for their author to edit."""
