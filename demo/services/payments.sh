#!/bin/sh
# A minimal payment service: it reports the outcome of an order's payment with curl.
#
#   AIRFLOW=http://localhost:8080 LOGIN=svc-payments PASSWORD=... ./payments.sh ORDER captured
#   AIRFLOW=http://localhost:8080 LOGIN=svc-payments PASSWORD=... ./payments.sh ORDER declined "no money"
set -eu
order=$1 outcome=$2 reason=${3:-}

token=$(curl --silent --show-error --fail --retry 5 --retry-connrefused -H 'Content-Type: application/json' \
    -d "{\"username\": \"$LOGIN\", \"password\": \"$PASSWORD\"}" "$AIRFLOW/auth/token" |
    sed 's/.*"access_token": *"\([^"]*\)".*/\1/')

# The id is the same each time, so an event that is sent again after a lost response counts only once.
curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused \
    -H "Authorization: Bearer $token" -H 'Content-Type: application/cloudevents+json' \
    -d "{\"specversion\": \"1.0\", \"id\": \"$order-$outcome\", \"source\": \"https://payments.example/\",
         \"type\": \"com.example.payment.$outcome\", \"data\": {\"order_id\": \"$order\", \"reason\": \"$reason\"}}" \
    "$AIRFLOW/wfstate/v1/events"
