"""``airflow wfstate open``."""

from __future__ import annotations

from tests.support.airflow_home import Home


def test_the_address_of_the_page_is_printed(home: Home, order_id: str) -> None:
    told = home.airflow("wfstate", "open", "order/007", AIRFLOW__API__BASE_URL="https://airflow.example/prod/")

    assert told.stdout == f"https://airflow.example/prod/plugin/wfstate?workflow={order_id}\n"
    assert told.stderr == ""


def test_without_a_base_url_it_is_the_one_on_the_servers_own_host(home: Home, order_id: str) -> None:
    told = home.wfstate("open", order_id)

    assert told.stdout == f"http://localhost:8080/plugin/wfstate?workflow={order_id}\n"
    assert "[api] base_url is not set" in told.stderr
