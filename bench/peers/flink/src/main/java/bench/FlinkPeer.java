// Reads a topic of XDR records to its end with Flink in one process, and prints the sums.
// Arguments: name=value of brokers, topic, group, ends, schema, state, checkpoint, factor, look.
package bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.avro.Schema;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.common.typeinfo.PrimitiveArrayTypeInfo;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.util.EnvironmentInformation;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.KeyedProcessFunction;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.util.Collector;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;

public final class FlinkPeer {
  private static final int MIB = 1 << 20;
  private static final int POLL_MS = 50;
  /** Some restored jobs never commit the offsets of partitions that they have read to their ends. */
  private static final int STALLED_MS = 30_000;
  private static final TypeInformation<long[]> ROW =
      PrimitiveArrayTypeInfo.LONG_PRIMITIVE_ARRAY_TYPE_INFO;
  /** Places in what the source emits: MSISDN, 1 for a session, the amounts, start, end. */
  private static final int AMOUNTS_AT = 2;
  private static final int START_AT = AMOUNTS_AT + Xdr.AMOUNTS;
  private static final int END_AT = START_AT + 1;
  /** All timers are due when the job is stopped. */
  private static final long AT_END = Long.MAX_VALUE - 1;
  /** All tasks run in this process, with parallelism 1. */
  private static Answer answer;

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = Arrays.stream(arguments)
        .map(argument -> argument.split("=", 2))
        .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
    answer = new Answer(options.get("look"));
    Path state = Path.of(options.get("state"));
    Files.createDirectories(state);
    Optional<Path> checkpoint = newestCheckpoint(state);
    Configuration configuration = configuration(options, state);
    checkpoint.ifPresent(
        path -> configuration.set(StateRecoveryOptions.SAVEPOINT_PATH, path.toUri().toString()));
    var environment = StreamExecutionEnvironment.createLocalEnvironment(1, configuration);
    environment
        .fromSource(source(options), WatermarkStrategy.noWatermarks(), "topic")
        .keyBy(row -> row[0], Types.LONG)
        .process(new Fold(), Types.LONG)
        .sinkTo(new DiscardingSink<>());
    JobClient job = environment.executeAsync();
    if (checkpoint.isPresent()) {
      // A bounded source of a restored job does not end by itself (connector 5.0.0-2.2): it waits for
      // new partitions. `flink stop --drain` does the same as this: all timers are due.
      awaitCommit(options, job);
      Path last = state.resolve("last");
      job.stopWithSavepoint(true, last.toUri().toString(), SavepointFormatType.NATIVE).get();
    }
    job.getJobExecutionResult().get();
    System.out.println("{" + answer.spell(EnvironmentInformation.getVersion()) + "}");
    System.exit(0);
  }

  private static Configuration configuration(Map<String, String> options, Path state) {
    Configuration chosen = new Configuration();
    chosen.set(PipelineOptions.OBJECT_REUSE, true);
    chosen.set(StateBackendOptions.STATE_BACKEND, "hashmap");
    chosen.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
    chosen.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, state.toUri().toString());
    chosen.set(CheckpointingOptions.CHECKPOINTING_INTERVAL,
        Duration.ofMillis(Long.parseLong(options.get("checkpoint"))));
    chosen.set(CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
        ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
    // The sums are printed, so there is nothing that a last checkpoint would have to commit.
    chosen.set(CheckpointingOptions.ENABLE_CHECKPOINTS_AFTER_TASKS_FINISH, false);
    return chosen;
  }

  /** The newest complete checkpoint that a killed process left. */
  private static Optional<Path> newestCheckpoint(Path state) throws IOException {
    try (var files = Files.walk(state)) {
      return files.filter(file -> file.endsWith("_metadata"))
          .max(Comparator.comparing(FlinkPeer::modified))
          .map(Path::getParent);
    }
  }

  private static java.nio.file.attribute.FileTime modified(Path file) {
    try {
      return Files.getLastModifiedTime(file);
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static KafkaSource<long[]> source(Map<String, String> options) throws IOException {
    String schema = Files.readString(Path.of(options.get("schema")));
    return KafkaSource.<long[]>builder()
        .setBootstrapServers(options.get("brokers"))
        .setTopics(options.get("topic"))
        .setGroupId(options.get("group"))
        .setStartingOffsets(OffsetsInitializer.earliest())
        .setBounded(OffsetsInitializer.offsets(boundsOf(options)))
        .setProperty("isolation.level", "read_committed")
        // At least as large as those of xdr-pulse.
        .setProperty("max.poll.records", "5000")
        .setProperty("max.partition.fetch.bytes", String.valueOf(4 * MIB))
        .setProperty("fetch.max.bytes", String.valueOf(16 * MIB))
        .setProperty("receive.buffer.bytes", String.valueOf(MIB))
        .setValueOnlyDeserializer(new Decode(schema, Double.parseDouble(options.get("factor"))))
        .build();
  }

  /** The exclusive end of each partition's records, without the marker of the last transaction. */
  private static long[] endsOf(Map<String, String> options) {
    return Arrays.stream(options.get("ends").split(",")).mapToLong(Long::parseLong).toArray();
  }

  private static Map<TopicPartition, Long> boundsOf(Map<String, String> options) {
    long[] ends = endsOf(options);
    return IntStream.range(0, ends.length).boxed().collect(Collectors.toMap(
        partition -> new TopicPartition(options.get("topic"), partition),
        partition -> ends[partition]));
  }

  /** Waits until the offsets of a checkpoint are the ends of the records. */
  private static void awaitCommit(Map<String, String> options, JobClient job) throws Exception {
    long[] ends = endsOf(options);
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", options.get("brokers")))) {
      long committed = -1;
      long changedMs = System.currentTimeMillis();
      while (!isCommitted(admin, options, ends)) {
        long now = committedSum(admin, options);
        if (now != committed) changedMs = System.currentTimeMillis();
        committed = now;
        if (System.currentTimeMillis() - changedMs > STALLED_MS) return;
        if (job.getJobStatus().get().isTerminalState()) job.getJobExecutionResult().get();
        Thread.sleep(POLL_MS);
      }
    }
  }

  private static long committedSum(Admin admin, Map<String, String> options) throws Exception {
    return admin.listConsumerGroupOffsets(options.get("group"))
        .partitionsToOffsetAndMetadata().get().values().stream()
        .filter(offset -> offset != null).mapToLong(offset -> offset.offset()).sum();
  }

  private static boolean isCommitted(Admin admin, Map<String, String> options, long[] ends)
      throws Exception {
    var offsets = admin.listConsumerGroupOffsets(options.get("group"))
        .partitionsToOffsetAndMetadata().get();
    for (int partition = 0; partition < ends.length; partition++) {
      var committed = offsets.get(new TopicPartition(options.get("topic"), partition));
      if ((committed == null ? 0 : committed.offset()) < ends[partition]) return false;
    }
    return true;
  }

  /** Decodes and validates in the source, so that only what is summed is sent to the fold. */
  private static final class Decode implements DeserializationSchema<long[]> {
    private final String schema;
    private final double factor;
    private transient Xdr xdr;

    Decode(String schema, double factor) {
      this.schema = schema;
      this.factor = factor;
    }

    @Override
    public void open(InitializationContext context) {
      xdr = new Xdr(new Schema.Parser().parse(schema), factor);
    }

    @Override
    public void deserialize(byte[] body, Collector<long[]> out) {
      if (!xdr.read(body)) return;
      long[] row = new long[END_AT + 1];
      row[0] = xdr.msisdn;
      row[1] = xdr.session ? 1 : 0;
      System.arraycopy(xdr.amounts, 0, row, AMOUNTS_AT, Xdr.AMOUNTS);
      row[START_AT] = xdr.startMs;
      row[END_AT] = xdr.endMs;
      out.collect(row);
    }

    @Override
    public long[] deserialize(byte[] body) {
      throw new UnsupportedOperationException("a rejected record has no row");
    }

    @Override
    public boolean isEndOfStream(long[] row) {
      return false;
    }

    @Override
    public TypeInformation<long[]> getProducedType() {
      return ROW;
    }
  }

  private static final class Fold extends KeyedProcessFunction<Long, long[], Long> {
    private transient ValueState<long[]> sums;

    @Override
    public void open(OpenContext context) {
      sums = getRuntimeContext().getState(new ValueStateDescriptor<>("sums", ROW));
    }

    @Override
    public void processElement(long[] row, Context context, Collector<Long> out) throws Exception {
      long[] now = sums.value();
      if (now == null) {
        // A row of the sums lacks the MSISDN, and begins with the number of records.
        now = new long[row.length];
        context.timerService().registerEventTimeTimer(AT_END);
      }
      now[0]++;
      for (int at = 1; at < START_AT; at++) now[at] += row[at];
      long start = row[START_AT];
      if (start > 0 && (now[START_AT] == 0 || start < now[START_AT])) now[START_AT] = start;
      now[END_AT] = Math.max(now[END_AT], row[END_AT]);
      sums.update(now);
    }

    @Override
    public void onTimer(long time, OnTimerContext context, Collector<Long> out) throws Exception {
      answer.add(context.getCurrentKey(), sums.value());
    }
  }

  private FlinkPeer() {}
}
