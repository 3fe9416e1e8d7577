// A token for {{client}}, with a fresh assertion for each request. It needs the JDK and nothing else:
// java Client.java
import java.io.FileInputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateFactory;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.PSSParameterSpec;
import java.time.Instant;
import java.util.Base64;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import static java.nio.charset.StandardCharsets.UTF_8;

public class Client {
    static final String CLIENT_ID = {{client}};

    static String base64url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    static String assertion() throws Exception {
        String pem = Files.readString(Path.of({{key}})).replaceAll("-----[A-Z ]+-----", "");
        PrivateKey key = KeyFactory.getInstance({{key_factory}})
            .generatePrivate(new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem)));
        long now = Instant.now().getEpochSecond();
        String header = {{header}};
        String claims = String.format({{claims}},
            now, now + {{lifetime}}, UUID.randomUUID());
        String signed = base64url(header.getBytes(UTF_8)) + "." + base64url(claims.getBytes(UTF_8));
        Signature signature = Signature.getInstance({{signature}});{{parameters}}
        signature.initSign(key);
        signature.update(signed.getBytes(UTF_8));
        return signed + "." + base64url(signature.sign());
    }

    static SSLContext trust(String file) throws Exception {
        if (file == null) {
            return SSLContext.getDefault();
        }
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null);
        try (FileInputStream stream = new FileInputStream(file)) {
            store.setCertificateEntry("server", CertificateFactory.getInstance("X.509").generateCertificate(stream));
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, factory.getTrustManagers(), null);
        return context;
    }

    public static void main(String[] arguments) throws Exception {
        String form = "grant_type=client_credentials&client_assertion_type="
            + URLEncoder.encode("urn:ietf:params:oauth:client-assertion-type:jwt-bearer", UTF_8)
            + "&client_assertion=" + assertion();
        HttpRequest request = HttpRequest.newBuilder(URI.create({{token_endpoint}}))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString(form))
            .build();
        HttpClient client = HttpClient.newBuilder().sslContext(trust({{authority}})).build();
        System.out.println(client.send(request, BodyHandlers.ofString()).body());
    }
}
