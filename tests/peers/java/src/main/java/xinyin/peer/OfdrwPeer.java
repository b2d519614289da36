package xinyin.peer;

import java.awt.image.BufferedImage;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import javax.imageio.ImageIO;
import org.ofdrw.converter.ImageMaker;
import org.ofdrw.reader.ContentExtractor;
import org.ofdrw.reader.OFDReader;

/**
 * ofdrw put to use as a judge: one command on the command line, or with {@code serve} one a line from standard input.
 *
 * <p>Fields of commands and answers are parted by tabs. An answer is any number of lines and a line with a full stop;
 * one that begins with ERROR says that the command could not be carried out.
 *
 * <pre>
 * verify FILE            SIGNATURE index OK|FAIL type reason ... FILE OK|FAIL reason
 * text FILE PAGE         TEXT text ...          pages count from 1
 * pages FILE             PAGES count
 * render FILE PAGE PIXELS_PER_MM PNG
 * seal FILE TARGET seal|sign-a|sign-b           with ofdrw's own signer and a key made for it
 * bench-verify FILE COUNT                       RATE per second of this thread's CPU time, compiler and
 * bench-seal FILE COUNT                         collector not counted, after warming up
 * </pre>
 */
public final class OfdrwPeer {
    private static final long WARM_UP_NANOSECONDS = 4_000_000_000L;

    private final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
    private final Sealing sealing = new Sealing();

    public static void main(String[] arguments) throws Exception {
        System.setProperty("java.awt.headless", "true");
        OfdrwPeer peer = new OfdrwPeer();
        if (arguments.length == 1 && arguments[0].equals("serve")) {
            peer.serve();
        } else if (!peer.answer(Arrays.asList(arguments))) {
            System.exit(1);
        }
    }

    private void serve() throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answer(List.of(line.split("\t")));
            out.println(".");
        }
    }

    private boolean answer(List<String> command) {
        try {
            carryOut(command);
            return true;
        } catch (Exception | LinkageError error) {
            tell("ERROR", String.valueOf(error));
            return false;
        }
    }

    private void carryOut(List<String> command) throws Exception {
        switch (command.get(0)) {
            case "verify" -> {
                for (String file : command.subList(1, command.size())) {
                    verify(Path.of(file));
                }
            }
            case "text" -> text(Path.of(command.get(1)), Integer.parseInt(command.get(2)));
            case "pages" -> {
                try (OFDReader reader = new OFDReader(Path.of(command.get(1)))) {
                    tell("PAGES", String.valueOf(reader.getNumberOfPages()));
                }
            }
            case "render" -> render(command);
            case "seal" -> {
                byte[] sealed = sealing.seal(Files.readAllBytes(Path.of(command.get(1))), command.get(3));
                Files.write(Path.of(command.get(2)), sealed);
            }
            case "bench-verify" -> {
                byte[] document = Files.readAllBytes(Path.of(command.get(1)));
                rate(Integer.parseInt(command.get(2)), () -> {
                    String reason = new Judgement().judge(document);
                    if (!reason.isEmpty()) {
                        throw new IllegalStateException(reason);
                    }
                });
            }
            case "bench-seal" -> {
                byte[] document = Files.readAllBytes(Path.of(command.get(1)));
                rate(Integer.parseInt(command.get(2)), () -> sealing.seal(document, "seal"));
            }
            default -> throw new IllegalArgumentException("no command " + command.get(0));
        }
    }

    private void verify(Path file) throws Exception {
        Judgement judgement = new Judgement();
        String reason = judgement.judge(Files.readAllBytes(file));
        int index = 0;
        for (Judgement.Signature each : judgement.signatures()) {
            tell("SIGNATURE", String.valueOf(index++), each.reason().isEmpty() ? "OK" : "FAIL", each.type(), each.reason());
        }
        tell("FILE", reason.isEmpty() ? "OK" : "FAIL", reason);
    }

    private void text(Path file, int page) throws Exception {
        try (OFDReader reader = new OFDReader(file)) {
            for (String text : new ContentExtractor(reader).getPageContent(page)) {
                tell("TEXT", text);
            }
        }
    }

    private void render(List<String> command) throws Exception {
        try (OFDReader reader = new OFDReader(Path.of(command.get(1)))) {
            ImageMaker maker = new ImageMaker(reader, Double.parseDouble(command.get(3)));
            BufferedImage image = maker.makePage(Integer.parseInt(command.get(2)) - 1);
            ImageIO.write(image, "png", Path.of(command.get(4)).toFile());
        }
    }

    private interface Work {
        void run() throws Exception;
    }

    private void rate(int count, Work work) throws Exception {
        ThreadMXBean thread = ManagementFactory.getThreadMXBean();
        long warm = thread.getCurrentThreadCpuTime() + WARM_UP_NANOSECONDS;
        while (thread.getCurrentThreadCpuTime() < warm) {
            work.run();
        }
        long started = thread.getCurrentThreadCpuTime();
        for (int i = 0; i < count; i++) {
            work.run();
        }
        tell("RATE", String.valueOf(count * 1e9 / (thread.getCurrentThreadCpuTime() - started)));
    }

    private void tell(String... fields) {
        for (int i = 0; i < fields.length; i++) {
            fields[i] = fields[i].replaceAll("[\\t\\r\\n]+", " ");
        }
        out.println(String.join("\t", fields));
    }
}
