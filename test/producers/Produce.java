// Sends messages with Kafka's own client; a line of standard input is a message, in fields that a
// tab divides: topic, codec, class of the partitioner or "default", key or nothing, value in base64.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

public class Produce {
  public static void main(String[] arguments) throws Exception {
    Map<String, KafkaProducer<byte[], byte[]>> producers = new HashMap<>();
    AtomicReference<Exception> failure = new AtomicReference<>();
    var lines = new BufferedReader(new InputStreamReader(System.in));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      String[] fields = line.split("\t", -1);
      byte[] key = fields[3].isEmpty() ? null : fields[3].getBytes();
      byte[] value = Base64.getDecoder().decode(fields[4]);
      producers
          .computeIfAbsent(
              fields[1] + " " + fields[2], any -> create(arguments[0], fields[1], fields[2]))
          .send(
              new ProducerRecord<>(fields[0], key, value),
              (metadata, error) -> failure.compareAndSet(null, error));
    }
    producers.values().forEach(KafkaProducer::close);
    if (failure.get() != null) throw failure.get();
  }

  private static KafkaProducer<byte[], byte[]> create(
      String brokers, String codec, String partitioner) {
    Map<String, Object> settings = new HashMap<>();
    settings.put("bootstrap.servers", brokers);
    settings.put("compression.type", codec);
    settings.put("linger.ms", 20);
    if (!partitioner.equals("default")) {
      settings.put("partitioner.class", "org.apache.kafka.clients.producer." + partitioner);
    }
    return new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
  }
}
