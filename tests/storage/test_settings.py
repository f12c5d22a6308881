"""Settings: one value by name, for every process that uses the database."""

from __future__ import annotations

from storage.store import Store


def test_a_setting_is_kept_replaced_and_taken_back(url: str) -> None:
    store = Store(url)
    assert store.setting("prices") is None
    store.set_setting("prices", {"cpu": 0.25})
    store.set_setting("other", [1, 2])
    store.set_setting("prices", {"cpu": 0.5})
    store.close()

    again = Store(url)
    assert again.setting("prices") == {"cpu": 0.5}
    assert again.setting("other") == [1, 2]
    again.set_setting("prices", None)
    assert again.setting("prices") is None
    again.close()
