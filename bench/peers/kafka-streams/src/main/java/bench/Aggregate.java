// The aggregate of a subscriber: 21 numbers, in the order of xdr-pulse, as bytes.
package bench;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.apache.kafka.common.utils.Bytes;

final class Aggregate {
  /** records, sessions, the amounts, first start, last end. */
  static final int WIDTH = 4 + Xdr.AMOUNTS;
  private static final int FIRST_START = WIDTH - 2;
  private static final int LAST_END = WIDTH - 1;
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  static Bytes key(long msisdn) {
    return Bytes.wrap(ByteBuffer.allocate(Long.BYTES).putLong(msisdn).array());
  }

  static long at(byte[] row, int field) {
    return (long) LONGS.get(row, field * Long.BYTES);
  }

  static long msisdn(Bytes key) {
    return ByteBuffer.wrap(key.get()).getLong();
  }

  static long[] longs(byte[] row) {
    long[] numbers = new long[WIDTH];
    for (int field = 0; field < WIDTH; field++) numbers[field] = at(row, field);
    return numbers;
  }

  private static void set(byte[] row, int field, long value) {
    LONGS.set(row, field * Long.BYTES, value);
  }

  /** The row with a record added; with `inPlace` the row itself is changed. */
  static byte[] fold(byte[] row, Xdr xdr, boolean inPlace) {
    byte[] sums = row == null ? new byte[WIDTH * Long.BYTES] : inPlace ? row : row.clone();
    set(sums, 0, at(sums, 0) + 1);
    if (xdr.session) set(sums, 1, at(sums, 1) + 1);
    for (int a = 0; a < Xdr.AMOUNTS; a++) set(sums, 2 + a, at(sums, 2 + a) + xdr.amounts[a]);
    long first = at(sums, FIRST_START);
    if (xdr.startMs > 0 && (first == 0 || xdr.startMs < first)) set(sums, FIRST_START, xdr.startMs);
    if (xdr.endMs > at(sums, LAST_END)) set(sums, LAST_END, xdr.endMs);
    return sums;
  }

  private Aggregate() {}
}
