package xinyin.peer;

import java.awt.Color;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Date;
import javax.imageio.ImageIO;
import org.bouncycastle.asn1.ASN1Encoding;
import org.bouncycastle.asn1.ASN1GeneralizedTime;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.DERIA5String;
import org.bouncycastle.asn1.DEROctetString;
import org.bouncycastle.asn1.DERUTF8String;
import org.bouncycastle.asn1.gm.GMObjectIdentifiers;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.ofdrw.gm.ses.v1.SES_ESPictrueInfo;
import org.ofdrw.gm.ses.v1.SES_Header;
import org.ofdrw.gm.ses.v4.CertInfoList;
import org.ofdrw.gm.ses.v4.SESeal;
import org.ofdrw.gm.ses.v4.SES_CertList;
import org.ofdrw.gm.ses.v4.SES_ESPropertyInfo;
import org.ofdrw.gm.ses.v4.SES_SealInfo;
import org.ofdrw.reader.OFDReader;
import org.ofdrw.sign.ExtendSignatureContainer;
import org.ofdrw.sign.StandFormatAtomicSignID;
import org.ofdrw.sign.OFDSigner;
import org.ofdrw.sign.SignMode;
import org.ofdrw.sign.signContainer.GBT35275DSContainer;
import org.ofdrw.sign.signContainer.GBT35275PKCS9DSContainer;
import org.ofdrw.sign.signContainer.SESV4Container;
import org.ofdrw.sign.stamppos.NormalStampPos;

/** Sealing with ofdrw's own signer; maker and holder have keys made when this is. */
final class Sealing {
    private static final BouncyCastleProvider PROVIDER = new BouncyCastleProvider();
    private static final int SIZE_MM = 40;

    private record Party(PrivateKey key, X509Certificate certificate) {}

    private Party holder;
    private SESeal seal;

    byte[] seal(byte[] document, String kind) throws Exception {
        if (holder == null) {
            holder = party("holder", 1);
            seal = makeSeal(party("maker", 2));
        }
        ExtendSignatureContainer container = switch (kind) {
            case "seal" -> new SESV4Container(holder.key(), seal, holder.certificate());
            case "sign-a" -> new GBT35275DSContainer(holder.certificate(), holder.key());
            case "sign-b" -> new GBT35275PKCS9DSContainer(holder.certificate(), holder.key());
            default -> throw new IllegalArgumentException("no kind " + kind);
        };
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        try (OFDReader reader = new OFDReader(new ByteArrayInputStream(document));
                OFDSigner signer = new OFDSigner(reader, target, new StandFormatAtomicSignID())) {
            signer.setSignMode(SignMode.ContinueSign);
            signer.setSignContainer(container);
            if (kind.equals("seal")) {
                signer.addApPos(new NormalStampPos(1, 50, 50, SIZE_MM, SIZE_MM));
            }
            signer.exeSign();
        }
        return target.toByteArray();
    }

    private SESeal makeSeal(Party maker) throws Exception {
        ASN1OctetString listed = new DEROctetString(holder.certificate().getEncoded());
        ASN1GeneralizedTime now = time(0);
        SES_ESPropertyInfo property = new SES_ESPropertyInfo(
                new ASN1Integer(1),
                new DERUTF8String("测试印章"),
                SES_ESPropertyInfo.CertListType,
                new SES_CertList(new CertInfoList(new ASN1OctetString[] {listed})),
                now,
                now,
                time(700));
        SES_SealInfo info = new SES_SealInfo(
                new SES_Header(SES_Header.V4, new DERIA5String("peer")),
                new DERIA5String("11010000000001"),
                property,
                new SES_ESPictrueInfo(
                        new DERIA5String("PNG"),
                        new DEROctetString(picture()),
                        new ASN1Integer(SIZE_MM),
                        new ASN1Integer(SIZE_MM)),
                null);
        Signature signature = Signature.getInstance("SM3withSM2", PROVIDER);
        signature.initSign(maker.key());
        signature.update(info.getEncoded(ASN1Encoding.DER));
        return new SESeal()
                .seteSealInfo(info)
                .setCert(maker.certificate())
                .setSignAlgID(GMObjectIdentifiers.sm2sign_with_sm3)
                .setSignedValue(signature.sign());
    }

    private static Party party(String name, long serial) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", PROVIDER);
        generator.initialize(new ECGenParameterSpec("sm2p256v1"));
        KeyPair pair = generator.generateKeyPair();
        X500Name subject = new X500Name("C=CN,O=peer,CN=" + name);
        Instant now = Instant.now();
        JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                subject,
                BigInteger.valueOf(serial),
                Date.from(now.minus(1, ChronoUnit.HOURS)),
                Date.from(now.plus(800, ChronoUnit.DAYS)),
                subject,
                pair.getPublic());
        builder.addExtension(
                Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature | KeyUsage.nonRepudiation));
        var signer = new JcaContentSignerBuilder("SM3withSM2").setProvider(PROVIDER).build(pair.getPrivate());
        return new Party(
                pair.getPrivate(),
                new JcaX509CertificateConverter().setProvider(PROVIDER).getCertificate(builder.build(signer)));
    }

    private static ASN1GeneralizedTime time(int days) {
        return new ASN1GeneralizedTime(Date.from(Instant.now().truncatedTo(ChronoUnit.SECONDS).plus(days, ChronoUnit.DAYS)));
    }

    private static byte[] picture() throws Exception {
        BufferedImage image = new BufferedImage(160, 160, BufferedImage.TYPE_INT_ARGB);
        Graphics2D graphics = image.createGraphics();
        graphics.setColor(Color.RED);
        graphics.drawOval(4, 4, 150, 150);
        graphics.dispose();
        ByteArrayOutputStream target = new ByteArrayOutputStream();
        ImageIO.write(image, "png", target);
        return target.toByteArray();
    }
}
