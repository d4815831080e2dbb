"""Sends rows as foreign programs do, with clients and encoders of Python: produce.py < request.json

The request has brokers, registry, rows and sendings. A sending has topic, client (confluent-kafka or
kafka-python), format, schema, references ([[name, subject, version]]), partitioner and codecs, of
which each compresses an equal share of the rows.
"""

import io
import json
import sys

import fastavro
from confluent_kafka import Producer
from confluent_kafka.schema_registry import (
    Schema,
    SchemaReference,
    SchemaRegistryClient,
    header_schema_id_serializer,
)
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from kafka import KafkaProducer

request = json.load(sys.stdin)
registry = SchemaRegistryClient({"url": request["registry"]}) if request["registry"] else None
producers = {}


def plain(value, context):
    return value


def serializer(sending):
    """How a row becomes a value; some write a header into the context."""
    form = sending["format"]
    if form == "JSON":
        return lambda row, context: json.dumps(row).encode()
    if form == "Avro":
        schema = fastavro.parse_schema(sending["schema"])

        def encode(row, context):
            body = io.BytesIO()
            fastavro.schemaless_writer(body, schema, row)
            return body.getvalue()

        return encode
    if form == "Protobuf frame":
        posted = Schema(sending["schema"], "PROTOBUF")
        id = registry.register_schema(sending["topic"] + "-value", posted)
        # The index of the message in its file is 0; field 1 holds 1.
        return lambda row, context: b"\0" + id.to_bytes(4, "big") + b"\0\x08\x01"
    text = json.dumps(sending["schema"])
    if form == "JSON Schema frame":
        return JSONSerializer(text, registry, plain)
    references = [SchemaReference(*one) for one in sending.get("references", [])]
    conf = {"schema.id.serializer": header_schema_id_serializer} if form == "Avro header" else {}
    return AvroSerializer(registry, Schema(text, "AVRO", references), plain, conf)


def with_librdkafka(partitioner, codec):
    """The send function of a new producer, and what waits for all that was sent."""
    given = {} if partitioner == "default" else {"partitioner": partitioner}
    brokers = ",".join(request["brokers"])
    producer = Producer({"bootstrap.servers": brokers, "compression.type": codec, **given})
    failures = []

    def delivered(error, message):
        if error is not None:
            failures.append(error)

    def send(topic, key, value, headers):
        producer.produce(topic, value, key=key, headers=headers, on_delivery=delivered)

    def finish():
        assert producer.flush(60) == 0 and not failures, failures

    return send, finish


def with_kafka_python(partitioner, codec):
    assert partitioner == "default"
    compression = None if codec == "none" else codec
    producer = KafkaProducer(bootstrap_servers=request["brokers"], compression_type=compression)
    sent = []

    def send(topic, key, value, headers):
        sent.append(producer.send(topic, key=key, value=value, headers=headers))

    def finish():
        producer.flush(timeout=60)
        for one in sent:
            one.get(timeout=60)

    return send, finish


CLIENTS = {"confluent-kafka": with_librdkafka, "kafka-python": with_kafka_python}

for sending in request["sendings"]:
    serialize = serializer(sending)
    codecs = sending["codecs"]
    for at, row in enumerate(request["rows"]):
        which = (sending["client"], sending["partitioner"], codecs[at % len(codecs)])
        if which not in producers:
            producers[which] = CLIENTS[which[0]](*which[1:])
        headers = [("trace", b"x")]
        context = SerializationContext(sending["topic"], MessageField.VALUE, headers)
        value = serialize(row, context)
        msisdn = row["msisdn_number"]
        key = None if msisdn is None else str(msisdn).encode()
        producers[which][0](sending["topic"], key, value, context.headers)

for send, finish in producers.values():
    finish()
