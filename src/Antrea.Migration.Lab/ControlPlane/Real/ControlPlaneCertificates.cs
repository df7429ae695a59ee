using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Antrea.Migration.Lab.ControlPlane.Real;

/// <summary>A certificate and its key as PEM.</summary>
internal sealed record PemPair(string Certificate, string Key);

/// <summary>One throw-away certificate authority for a control plane: who it is, and who its clients are.</summary>
internal sealed class ControlPlaneCertificates : IDisposable
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _authority;
    private readonly DateTimeOffset _from;

    public ControlPlaneCertificates()
    {
        // Programs judge validity by the machine's clock.
        _from = TimeProvider.System.GetUtcNow().AddDays(-1);
        var request = new CertificateRequest("CN=antrea-migration-lab-ca", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(_from, _from.AddDays(366));
    }

    /// <summary>The authority as PEM.</summary>
    public string Authority => _authority.ExportCertificatePem();

    /// <summary>The authority's public part, for clients in this process.</summary>
    public X509Certificate2 AuthorityCertificate => _authority;

    /// <summary>A server on this machine's loopback.</summary>
    public PemPair IssueServer(string name) => Issue(name, [], server: true);

    /// <summary>A client: the user's name and groups as Kubernetes reads them from a certificate (CN and O).</summary>
    public PemPair IssueClient(string user, params string[] groups) => Issue(user, groups, server: false);

    /// <summary>A key pair to sign and check service accounts' tokens with.</summary>
    public static (string Private, string Public) NewSigningKey()
    {
        using var key = RSA.Create(2048);
        return (key.ExportPkcs8PrivateKeyPem(), key.ExportSubjectPublicKeyInfoPem());
    }

    /// <summary>A pair as the platform's TLS can use it.</summary>
    public static X509Certificate2 Load(PemPair pair)
    {
        using var certificate = X509Certificate2.CreateFromPem(pair.Certificate, pair.Key);

        // TLS on Windows cannot use a key that only lives in memory; a round trip through PKCS #12 can be used everywhere.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>Whether a certificate is one of these.</summary>
    public bool Issued(X509Certificate2 certificate)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(_authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        return chain.Build(certificate);
    }

    public void Dispose()
    {
        _authority.Dispose();
        _key.Dispose();
    }

    private PemPair Issue(string name, string[] groups, bool server)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var subject = new X500DistinguishedNameBuilder();
        foreach (var group in groups)
        {
            subject.AddOrganizationName(group);
        }

        subject.AddCommonName(name);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));

        // etcd's own server is a client of itself (its gRPC gateway), so servers are clients too.
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            server ? [new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")] : [new Oid("1.3.6.1.5.5.7.3.2")], false));
        if (server)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            names.AddDnsName("localhost");
            request.CertificateExtensions.Add(names.Build());
        }

        using var certificate = request.Create(_authority, _from, _from.AddDays(365), RandomNumberGenerator.GetBytes(16));
        return new PemPair(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
    }
}
