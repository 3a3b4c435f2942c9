"""Puts runs back: plan, save what is there, apply, verify; and the way back."""
