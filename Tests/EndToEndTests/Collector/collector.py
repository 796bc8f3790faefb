#!/usr/bin/env python3
"""A collector for tests: takes spans over OTLP/HTTP and writes each as a line of JSON.

    collector.py FOLDER PORT

FOLDER/spans has the lines; FOLDER/ready is there once it listens.
"""

import http.server
import json
import pathlib
import sys

from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


def value(any_value):
    kind = any_value.WhichOneof("value")
    if kind == "array_value":
        return [value(item) for item in any_value.array_value.values]
    return getattr(any_value, kind) if kind else None


def known(message):
    assert len(UnknownFieldSet(message)) == 0, f"a field that {message.DESCRIPTOR.name} does not have"
    return message


def attributes(pairs):
    names = [pair.key for pair in pairs]
    assert len(names) == len(set(names)), f"a name twice: {names}"
    return {known(pair).key: value(known(pair.value)) for pair in pairs}


def spans(request):
    for resource in known(request).resource_spans:
        for scope in known(resource).scope_spans:
            for span in known(scope).spans:
                known(span.status)
                known(span)
                assert len(span.trace_id) == 16 and len(span.span_id) == 8, span
                yield {
                    "process": attributes(resource.resource.attributes),
                    "scope": scope.scope.name,
                    "schema": scope.schema_url,
                    "trace": span.trace_id.hex(),
                    "span": span.span_id.hex(),
                    "parent": span.parent_span_id.hex(),
                    "state": span.trace_state,
                    "flags": span.flags,
                    "name": span.name,
                    "kind": Span.SpanKind.Name(span.kind),
                    "start": span.start_time_unix_nano,
                    "end": span.end_time_unix_nano,
                    "attributes": attributes(span.attributes),
                    "events": [
                        {"name": event.name, "time": event.time_unix_nano, "attributes": attributes(known(event).attributes)}
                        for event in span.events
                    ],
                    "status": Status.StatusCode.Name(span.status.code),
                    "message": span.status.message,
                }


class Collector(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    lines = None

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = ExportTraceServiceRequest()
        try:
            if self.path != "/v1/traces" or self.headers["Content-Type"] != "application/x-protobuf":
                raise ValueError(f"{self.path}, {self.headers['Content-Type']}")
            request.ParseFromString(body)
            lines = [json.dumps(span, sort_keys=True) + "\n" for span in spans(request)]
        except (AssertionError, DecodeError, ValueError) as problem:
            self.lines.write(json.dumps({"problem": str(problem)}) + "\n")
            self.lines.flush()
            self.answer(400, b"")
            return
        # One write for each request: readers see whole lines.
        self.lines.write("".join(lines))
        self.lines.flush()
        self.answer(200, ExportTraceServiceResponse().SerializeToString())

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    folder = pathlib.Path(sys.argv[1])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[2])), Collector)
    with open(folder / "spans", "a", encoding="utf-8") as lines:
        Collector.lines = lines
        (folder / "ready").touch()
        server.serve_forever()


main()
