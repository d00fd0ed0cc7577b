"""The demo: the tiny model pair, its pictures, and the main job from start to end."""
