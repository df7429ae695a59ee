using System.Net.Http.Headers;
using Antrea.Migration.Clusters;
using k8s;
using k8s.Authentication;
using k8s.Exceptions;

namespace Antrea.Migration.Tests.Clusters;

[TestFixture]
internal sealed class KubernetesApiTests
{
    [Test]
    public void GetAsync_CredentialsThatCannotBeHad_AreNamedAndNothingIsSent()
    {
        using var client = new Kubernetes(new KubernetesClientConfiguration { Host = "http://127.0.0.1:1", TokenProvider = new FailingProvider() });

        Assert.That(
            async () => await new KubernetesApi(client, TimeProvider.System).GetAsync("api/v1/nodes", CancellationToken.None),
            Throws.TypeOf<MigrationException>().With.Message.EqualTo("The credentials for http://127.0.0.1:1/ cannot be had: external exec failed")
                .And.Property(nameof(MigrationException.Next)).Contains("Log in again"));
    }

    private sealed class FailingProvider : ITokenProvider
    {
        public Task<AuthenticationHeaderValue> GetAuthenticationHeaderAsync(CancellationToken cancellationToken) =>
            throw new KubeConfigException("external exec failed");
    }
}
