// Reads a topic of XDR records to its end with Kafka Streams, repeatedly, and prints the cost of each pass.
// Arguments: name=value of brokers, topic, ends, schema, state, guarantee, cache, passes, factor, look.
package bench;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.avro.Schema;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.AppInfoParser;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.apache.kafka.streams.state.Stores;

public final class Peer {
  private static final String STORE = "aggregates";
  private static final int COMMIT_MS = 1000;
  private static final int POLL_MS = 50;
  private static final int MIB = 1 << 20;
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final Map<String, String> options;
  private final Schema schema;
  /** The exclusive end of each partition's records. */
  private final long[] ends;
  private final boolean cache;

  private Peer(Map<String, String> options) throws Exception {
    this.options = options;
    schema = new Schema.Parser().parse(Files.readString(Path.of(options.get("schema"))));
    ends = Arrays.stream(options.get("ends").split(",")).mapToLong(Long::parseLong).toArray();
    cache = options.get("cache").equals("on");
  }

  public static void main(String[] arguments) throws Exception {
    Map<String, String> options = Arrays.stream(arguments)
        .map(argument -> argument.split("=", 2))
        .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
    Peer peer = new Peer(options);
    int passes = Integer.parseInt(options.get("passes"));
    for (int pass = 1; pass <= passes; pass++) peer.pass(pass, pass == passes);
  }

  private final class Fold implements Processor<byte[], byte[], Void, Void> {
    private final Xdr xdr = new Xdr(schema, Double.parseDouble(options.get("factor")));
    private ProcessorContext<Void, Void> context;
    private KeyValueStore<Bytes, byte[]> store;

    @Override
    public void init(ProcessorContext<Void, Void> given) {
      context = given;
      store = given.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> record) {
      if (xdr.read(record.value())) {
        Bytes key = Aggregate.key(xdr.msisdn);
        // A row that the cache holds must not be changed in place.
        store.put(key, Aggregate.fold(store.get(key), xdr, !cache));
      }
      var place = context.recordMetadata().orElseThrow();
      // Commits immediately instead of at the end of the interval.
      if (place.offset() + 1 >= ends[place.partition()]) context.commit();
    }
  }

  private Topology topology() {
    var store = Stores.keyValueStoreBuilder(
        Stores.persistentKeyValueStore(STORE), Serdes.Bytes(), Serdes.ByteArray());
    var bytes = new ByteArrayDeserializer();
    Topology topology = new Topology();
    topology.addSource("topic", bytes, bytes, options.get("topic"));
    topology.addProcessor("fold", (ProcessorSupplier<byte[], byte[], Void, Void>) Fold::new, "topic");
    topology.addStateStore(cache ? store.withCachingEnabled() : store.withCachingDisabled(), "fold");
    return topology;
  }

  private Properties properties(String name) {
    Map<String, Object> chosen = new HashMap<>();
    chosen.put("application.id", name);
    chosen.put("bootstrap.servers", options.get("brokers"));
    chosen.put("state.dir", options.get("state"));
    chosen.put("processing.guarantee", options.get("guarantee"));
    chosen.put("commit.interval.ms", COMMIT_MS);
    chosen.put("num.stream.threads", 1);
    chosen.put("statestore.cache.max.bytes", 256L * MIB);
    // A killed process is replaced at once, as one of xdr-pulse is.
    chosen.put("group.instance.id", "peer");
    chosen.put("enable.metrics.push", false);
    // At least as large as those of xdr-pulse.
    chosen.put("buffered.records.per.partition", 5000);
    chosen.put("consumer.auto.offset.reset", "earliest");
    chosen.put("consumer.max.poll.records", 5000);
    chosen.put("consumer.max.partition.fetch.bytes", 4 * MIB);
    chosen.put("consumer.fetch.max.bytes", 16 * MIB);
    chosen.put("consumer.receive.buffer.bytes", MIB);
    chosen.put("producer.batch.size", 64 * 1024);
    chosen.put("producer.buffer.memory", 128L * MIB);
    Properties properties = new Properties();
    properties.putAll(chosen);
    return properties;
  }

  /** Runs until the last commit; the first pass is measured from the start of the process. */
  private void pass(int number, boolean last) throws Exception {
    long startMs = number > 1
        ? System.currentTimeMillis()
        : ProcessHandle.current().info().startInstant().orElseThrow().toEpochMilli();
    long startCpu = number > 1 ? SYSTEM.getProcessCpuTime() : 0;
    // Passes of one process are different applications.
    String name = options.get("name") + (number == 1 ? "" : "-" + number);
    KafkaStreams streams = new KafkaStreams(topology(), properties(name));
    streams.setUncaughtExceptionHandler(error -> {
      error.printStackTrace();
      Runtime.getRuntime().halt(1);
      return StreamThreadExceptionResponse.SHUTDOWN_APPLICATION;
    });
    streams.start();
    awaitCommit(name, streams);
    double cpuSeconds = (SYSTEM.getProcessCpuTime() - startCpu) / 1e9;
    double seconds = (System.currentTimeMillis() - startMs) / 1e3;
    String found = last ? ", " + look(streams) : "";
    System.out.printf(
        "{\"pass\": %d, \"wallSeconds\": %.3f, \"cpuSeconds\": %.3f%s}%n", number, seconds, cpuSeconds, found);
    streams.close();
    streams.cleanUp();
  }

  /** Waits until all is committed, and until the store can be read: after a kill all may be. */
  private void awaitCommit(String group, KafkaStreams streams) throws Exception {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", options.get("brokers")))) {
      while (!isCommitted(admin, group) || streams.state() != KafkaStreams.State.RUNNING) {
        Thread.sleep(POLL_MS);
      }
    }
  }

  private boolean isCommitted(Admin admin, String group) throws Exception {
    var offsets = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
    for (int partition = 0; partition < ends.length; partition++) {
      var committed = offsets.get(new TopicPartition(options.get("topic"), partition));
      if ((committed == null ? 0 : committed.offset()) < ends[partition]) return false;
    }
    return true;
  }

  /** Version, number of subscribers, sums over all of them, and the rows of the requested ones. */
  private String look(KafkaStreams streams) {
    ReadOnlyKeyValueStore<Bytes, byte[]> store = streams.store(
        StoreQueryParameters.fromNameAndType(STORE, QueryableStoreTypes.keyValueStore()));
    Answer answer = new Answer(options.get("look"));
    try (var all = store.all()) {
      while (all.hasNext()) {
        var entry = all.next();
        answer.add(Aggregate.msisdn(entry.key), Aggregate.longs(entry.value));
      }
    }
    return answer.spell(AppInfoParser.getVersion());
  }
}
