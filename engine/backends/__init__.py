"""Where text comes from. One protocol, several sources: local models, scripted replies, and later servers."""
