using System.Text;
using Antrea.Migration.Lab.ControlPlane.Real;

namespace Antrea.Migration.Lab.ControlPlane;

/// <summary>Kubeconfigs with one cluster, one user and everything inline.</summary>
internal static class KubeconfigText
{
    /// <summary>With a bearer token.</summary>
    public static string WithToken(string cluster, Uri server, string authorityPem, string token) =>
        Write(cluster, server, authorityPem, $"token: {token}");

    /// <summary>With a client certificate.</summary>
    public static string WithCertificate(string cluster, Uri server, string authorityPem, PemPair client) =>
        Write(cluster, server, authorityPem, $"client-certificate-data: {Base64(client.Certificate)}\n    client-key-data: {Base64(client.Key)}");

    private static string Write(string cluster, Uri server, string authorityPem, string user) =>
        $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: {cluster}
          cluster:
            server: {server.GetLeftPart(UriPartial.Authority)}
            certificate-authority-data: {Base64(authorityPem)}
        users:
        - name: {cluster}
          user:
            {user}
        contexts:
        - name: {cluster}
          context:
            cluster: {cluster}
            user: {cluster}
        current-context: {cluster}

        """;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));
}
