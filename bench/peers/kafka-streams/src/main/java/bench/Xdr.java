// Reads an XDR record from raw Avro and validates it by the rules of xdr-pulse.
package bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.LocalDate;
import java.util.List;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/** One decoder per task; neither it nor its result is thread-safe. */
final class Xdr {
  /** Amounts of a record: duration, download, upload, then download and upload of applications. */
  static final int AMOUNTS = 17;
  private static final List<String> APPLICATIONS =
      List.of("social_media", "google", "email", "youtube", "netflix", "gaming", "other");
  private static final Set<String> OTHER_FIELDS =
      Set.of("bearer_id", "start", "start_ms_part", "end", "end_ms_part", "dur_ms", "msisdn_number",
          "total_dl_bytes", "total_ul_bytes");
  private static final double LIMIT = 0x1p53;
  private static final long EARLIEST_MS = 946_684_800_000L;
  private static final long LATEST_MS = 4_102_444_800_000L;
  /** The generated sample has seconds in this column, as real files do. */
  private final double durationFactor;

  private final GenericDatumReader<GenericRecord> reader;
  private final int msisdnAt, bearerAt, startAt, startPartAt, endAt, endPartAt;
  private final int[] amountAt = new int[AMOUNTS];
  private BinaryDecoder decoder;
  private GenericRecord row;

  long msisdn;
  boolean session;
  /** 0: unknown. */
  long startMs, endMs;
  final long[] amounts = new long[AMOUNTS];

  Xdr(Schema writer, double durationFactor) {
    this.durationFactor = durationFactor;
    Schema projection = project(writer);
    GenericData data = new GenericData();
    data.setFastReaderEnabled(true);
    reader = new GenericDatumReader<>(writer, projection, data);
    row = new GenericData.Record(projection);
    msisdnAt = projection.getField("msisdn_number").pos();
    bearerAt = projection.getField("bearer_id").pos();
    startAt = projection.getField("start").pos();
    startPartAt = projection.getField("start_ms_part").pos();
    endAt = projection.getField("end").pos();
    endPartAt = projection.getField("end_ms_part").pos();
    int next = 0;
    for (String name : List.of("dur_ms", "total_dl_bytes", "total_ul_bytes")) {
      amountAt[next++] = projection.getField(name).pos();
    }
    for (String name : APPLICATIONS) {
      amountAt[next++] = projection.getField(name + "_dl_bytes").pos();
      amountAt[next++] = projection.getField(name + "_ul_bytes").pos();
    }
  }

  /** The schema of the fields that the aggregate needs; the reader skips the others. */
  private static Schema project(Schema writer) {
    List<Schema.Field> fields = writer.getFields().stream()
        .filter(field -> OTHER_FIELDS.contains(field.name())
            || APPLICATIONS.stream().anyMatch(name -> field.name().startsWith(name + "_")))
        .map(field -> new Schema.Field(field, field.schema()))
        .toList();
    String name = writer.getName();
    return Schema.createRecord(name, null, writer.getNamespace(), false, fields);
  }

  /** False for a row that is rejected. */
  boolean read(byte[] body) {
    decoder = DecoderFactory.get().binaryDecoder(body, decoder);
    try {
      row = reader.read(row, decoder);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
    double subscriber = number(row.get(msisdnAt));
    if (!(subscriber > 0 && subscriber < 1e15) || Math.floor(subscriber) != subscriber) return false;
    msisdn = (long) subscriber;
    for (int a = 0; a < AMOUNTS; a++) {
      double value = number(row.get(amountAt[a]));
      if (a == 0) value *= durationFactor;
      if (value < 0 || value >= LIMIT) return false;
      amounts[a] = value != value ? 0 : (long) Math.floor(value + 0.5);
    }
    session = row.get(bearerAt) != null;
    startMs = time(row.get(startAt), row.get(startPartAt));
    endMs = time(row.get(endAt), row.get(endPartAt));
    return true;
  }

  /** NaN: missing. */
  private static double number(Object value) {
    if (value instanceof Long whole) return whole;
    if (value instanceof Double other) return other;
    if (value == null) return Double.NaN;
    try {
      return Double.parseDouble(value.toString());
    } catch (NumberFormatException error) {
      return Double.NaN;
    }
  }

  private static long time(Object value, Object part) {
    long ms = value instanceof Long instant ? instant : value == null ? -1 : parse((CharSequence) value);
    if (ms < EARLIEST_MS || ms >= LATEST_MS) return 0;
    double within = ms % 1000 == 0 ? number(part) : Double.NaN;
    return within > 0 && within < 1000 ? ms + (long) within : ms;
  }

  /** Parses `M/D/YYYY H:MM`; -1 for other text. A DateTimeFormatter costs more than all the rest. */
  private static long parse(CharSequence text) {
    String spelt = text.toString();
    int[] parts = new int[5];
    int part = 0;
    int digits = 0;
    for (int at = 0; at < spelt.length(); at++) {
      char c = spelt.charAt(at);
      if (c >= '0' && c <= '9') {
        parts[part] = 10 * parts[part] + c - '0';
        if (++digits > 4) return -1;
      } else {
        char expected = part < 2 ? '/' : part == 2 ? ' ' : ':';
        if (c != expected || digits == 0 || ++part > 4) return -1;
        digits = 0;
      }
    }
    if (part != 4 || digits == 0 || parts[0] < 1 || parts[0] > 12) return -1;
    long day = LocalDate.of(parts[2], parts[0], 1).toEpochDay() + parts[1] - 1;
    return ((day * 24 + parts[3]) * 60 + parts[4]) * 60_000;
  }
}
