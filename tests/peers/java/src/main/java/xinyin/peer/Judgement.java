package xinyin.peer;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;
import org.ofdrw.core.signatures.SigType;
import org.ofdrw.gm.ses.parse.SESVersion;
import org.ofdrw.gm.ses.parse.VersionParser;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.verify.OFDValidator;
import org.ofdrw.sign.verify.SignedDataValidateContainer;
import org.ofdrw.sign.verify.container.GBT35275ValidateContainer;
import org.ofdrw.sign.verify.container.SESV1ValidateContainer;
import org.ofdrw.sign.verify.container.SESV4ValidateContainer;

/**
 * One document judged by OFDValidator, each signature by the container made for its kind.
 *
 * <p>ofdrw stops at the first signature that fails and tells which files it has judged by an exception alone, so what
 * is kept here is the signatures whose value it got to, in the order of Signatures.xml.
 */
final class Judgement implements SignedDataValidateContainer {
    record Signature(String type, String reason) {}

    private final List<Signature> signatures = new ArrayList<>();

    /** Why ofdrw refuses the document; empty if it does not. */
    String judge(byte[] document) {
        try (OFDReader reader = new OFDReader(new ByteArrayInputStream(document));
                OFDValidator validator = new OFDValidator(reader)) {
            validator.setValidator(this).exeValidate();
            return "";
        } catch (Exception error) {
            return error.getClass().getSimpleName() + ": " + error.getMessage();
        }
    }

    List<Signature> signatures() {
        return signatures;
    }

    @Override
    public void validate(SigType type, String algorithm, byte[] original, byte[] value)
            throws IOException, GeneralSecurityException {
        try {
            container(type, value).validate(type, algorithm, original, value);
        } catch (IOException | GeneralSecurityException | RuntimeException error) {
            signatures.add(new Signature(type.name(), error.getClass().getSimpleName() + ": " + error.getMessage()));
            throw error;
        }
        signatures.add(new Signature(type.name(), ""));
    }

    private static SignedDataValidateContainer container(SigType type, byte[] value) {
        if (type == SigType.Sign) {
            return new GBT35275ValidateContainer();
        }
        boolean first = VersionParser.parseSES_SignatureVersion(value).getVersion() == SESVersion.v1;
        return first ? new SESV1ValidateContainer() : new SESV4ValidateContainer();
    }
}
