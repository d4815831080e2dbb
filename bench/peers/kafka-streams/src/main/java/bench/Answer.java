// What a peer prints at its end, as JSON: sums over all subscribers, and the rows of some of them.
package bench;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

final class Answer {
  private final Set<Long> wanted;
  private final Map<Long, long[]> rows = new TreeMap<>();
  private long[] totals = new long[0];
  private long subscribers;

  /** MSISDNs, comma-separated. */
  Answer(String look) {
    wanted = look.isEmpty()
        ? Set.of()
        : Arrays.stream(look.split(",")).map(Long::valueOf).collect(Collectors.toSet());
  }

  /** The last two numbers of a row are the first start, 0 for none, and the last end. */
  void add(long msisdn, long[] row) {
    if (subscribers++ == 0) totals = new long[row.length];
    int firstStart = row.length - 2;
    int lastEnd = row.length - 1;
    for (int field = 0; field < firstStart; field++) totals[field] += row[field];
    long first = totals[firstStart];
    if (first == 0 || (row[firstStart] != 0 && row[firstStart] < first)) {
      totals[firstStart] = row[firstStart];
    }
    totals[lastEnd] = Math.max(totals[lastEnd], row[lastEnd]);
    if (wanted.contains(msisdn)) rows.put(msisdn, row.clone());
  }

  /** Members of a JSON object, without its braces. */
  String spell(String version) {
    String looked = rows.entrySet().stream()
        .map(row -> "\"" + row.getKey() + "\": " + Arrays.toString(row.getValue()))
        .collect(Collectors.joining(", "));
    return "\"version\": \"" + version + "\", \"subscribers\": " + subscribers
        + ", \"totals\": " + Arrays.toString(totals) + ", \"rows\": {" + looked + "}";
  }
}
