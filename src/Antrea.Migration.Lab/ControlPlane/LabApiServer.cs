using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>The lab's Kubernetes API server: an <see cref="ObjectStore"/> behind HTTPS on a free port of 127.0.0.1.</summary>
/// <remarks>
/// Every request must carry the bearer token of <see cref="Kubeconfig"/>. HTTPS and not HTTP, because kubectl leaves the
/// token out of plain HTTP requests (client-go, <c>clientcmd</c>: credentials are read only for TLS transports).
/// <para>Not implemented, and refused with a Status where a request asks for it: protobuf, CBOR and YAML bodies; API
/// versions other than one per built-in kind; schemas (OpenAPI documents name the kinds but not their fields, so
/// <c>fieldValidation</c> checks nothing, <c>kubectl explain</c> knows nothing, and custom resources are neither validated,
/// pruned nor defaulted); conversion of custom resources beyond their <c>apiVersion</c>; authorization (the one user may
/// do everything); admission webhooks, aggregated API servers, quotas and priorities (stored only); lists of an exact old
/// resourceVersion other than by <c>continue</c>; field ownership of writes other than server-side apply; <c>pods/log</c>,
/// <c>pods/attach</c>, <c>pods/portforward</c> and every <c>proxy</c>; <c>pods/exec</c> over SPDY (kubectl before 1.31
/// unless told to use WebSockets) and terminals; ephemeral containers, token requests and review APIs.</para>
/// </remarks>
internal sealed class LabApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _stopping;
    private readonly X509Certificate2 _certificate;

    private LabApiServer(WebApplication app, CancellationTokenSource stopping, X509Certificate2 certificate, string token, string cluster)
    {
        _app = app;
        _stopping = stopping;
        _certificate = certificate;
        Server = LoopbackWeb.AddressOf(app);
        Kubeconfig = KubeconfigText.WithToken(cluster, Server, certificate.ExportCertificatePem(), token);
    }

    /// <summary>Where the server listens: <c>https://127.0.0.1:PORT</c>.</summary>
    public Uri Server { get; }

    /// <summary>The text of a kubeconfig for this server. It holds the token.</summary>
    public string Kubeconfig { get; }

    /// <summary>Starts a server on a free port.</summary>
    public static async Task<LabApiServer> StartAsync(
        LabControlPlaneOptions options, ObjectStore store, IPodExecutor executor, TimeProvider time, CancellationToken cancellationToken)
    {
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        var certificate = CreateCertificate();
        var stopping = new CancellationTokenSource();
        var app = LoopbackWeb.Build(certificate);
        var catalog = new ResourceCatalog(store);
        var dispatcher = new ApiDispatcher(new ApiServices(store, catalog, executor, time, options, stopping.Token), token);
        app.Run(dispatcher.HandleAsync);
        await app.StartAsync(cancellationToken).ConfigureAwait(false);
        return new LabApiServer(app, stopping, certificate, token, options.ClusterName);
    }

    /// <summary>Ends open watches and exec sessions and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _certificate.Dispose();
    }

    private static X509Certificate2 CreateCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=antrea-migration-lab", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        names.AddDnsName("localhost");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));

        // Clients judge validity by the machine's clock, whatever the lab's clock says.
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(365));

        // TLS on Windows cannot use a key that only lives in memory; a round trip through PKCS #12 can be used everywhere.
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
    }
}
