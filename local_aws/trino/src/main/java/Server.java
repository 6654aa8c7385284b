import io.trino.plugin.hive.HivePlugin;
import io.trino.server.testing.TestingTrinoServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;

/**
 * A Trino server of one node on 127.0.0.1, with one catalog of the Hive connector.
 *
 * <p>Arguments: the port (0 takes a free one), the catalog's properties file, a directory for
 * Trino's own files, and the file that gets the server's URL once it answers. The catalog has the
 * name of its file. It runs until SIGTERM, or until standard input ends, which happens when its
 * parent dies.
 */
public final class Server {
    private Server() {}

    public static void main(String[] arguments) {
        Thread.ofPlatform().daemon().start(Server::haltWhenInputEnds);
        try {
            start(arguments[0], Path.of(arguments[1]), Path.of(arguments[2]), Path.of(arguments[3]));
            new CountDownLatch(1).await();
        } catch (Throwable error) {
            error.printStackTrace();
            // Last, where the end of the log shows it. The first lines have the reason; Guice adds many.
            System.err.println("Trino cannot start:");
            error.toString().lines().limit(5).forEach(System.err::println);
            Runtime.getRuntime().halt(1);
        }
    }

    private static void start(String port, Path catalog, Path data, Path urlFile) throws IOException {
        TestingTrinoServer server = TestingTrinoServer.builder()
                .setProperties(Map.of("http-server.http.port", port))
                .setBaseDataDir(Optional.of(data))
                .build();
        server.installPlugin(new HivePlugin());
        String name = catalog.getFileName().toString().replace(".properties", "");
        server.createCatalog(name, "hive", read(catalog));

        Path scratch = urlFile.resolveSibling(urlFile.getFileName() + ".part");
        Files.writeString(scratch, server.getBaseUrl().toString());
        Files.move(scratch, urlFile, StandardCopyOption.ATOMIC_MOVE);
    }

    private static Map<String, String> read(Path file) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file)) {
            properties.load(reader);
        }
        Map<String, String> answer = new HashMap<>();
        properties.forEach((key, value) -> answer.put((String) key, (String) value));
        return answer;
    }

    private static void haltWhenInputEnds() {
        try {
            System.in.transferTo(OutputStream.nullOutputStream());
        } catch (IOException broken) {
            // As good as its end.
        }
        // Not exit(): nothing here is worth saving, and an orderly end can hang.
        Runtime.getRuntime().halt(0);
    }
}
