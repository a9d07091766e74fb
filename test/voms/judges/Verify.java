import eu.emi.security.authn.x509.impl.CertificateUtils;
import java.io.FileInputStream;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.italiangrid.voms.VOMSValidators;
import org.italiangrid.voms.ac.VOMSACValidator;
import org.italiangrid.voms.ac.VOMSValidationResult;
import org.italiangrid.voms.store.impl.DefaultVOMSTrustStore;
import org.italiangrid.voms.util.CertificateValidatorBuilder;

/** Verifies the attributes of proxies with the Java library of VOMS: Verify CERTDIR (CERTIFICATES VOMSDIR)... prints a line for each. */
public class Verify {
  public static void main(String[] args) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    for (int i = 1; i + 1 < args.length; i += 2) System.out.println(verify(args[0], args[i], args[i + 1]));
    System.exit(0);
  }

  private static String verify(String certDir, String file, String vomsDir) {
    try {
      X509Certificate[] chain =
          CertificateUtils.loadCertificateChain(new FileInputStream(file), CertificateUtils.Encoding.PEM);
      VOMSACValidator validator =
          VOMSValidators.newValidator(
              new DefaultVOMSTrustStore(Arrays.asList(vomsDir)),
              CertificateValidatorBuilder.buildCertificateValidator(certDir));
      List<VOMSValidationResult> results = validator.validateWithResult(chain);
      StringBuilder line = new StringBuilder();
      boolean good = !results.isEmpty();
      for (VOMSValidationResult result : results) {
        good &= result.isValid();
        if (result.isValid()) for (String fqan : result.getAttributes().getFQANs()) line.append(' ').append(fqan);
        else line.append(' ').append(result.getValidationErrors());
      }
      return good + line.toString();
    } catch (Exception refusal) {
      return "false " + refusal.getMessage();
    }
  }
}
