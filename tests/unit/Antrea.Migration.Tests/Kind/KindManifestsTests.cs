using System.Net;
using Antrea.Migration.Addressing;
using Antrea.Migration.Clusters;
using Antrea.Migration.Kind;

namespace Antrea.Migration.Tests.Kind;

public class KindManifestsTests
{
    private const string Calico = """
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: {name: calico-node, namespace: kube-system}
        spec:
          template:
            spec:
              initContainers: [{name: install-cni, image: docker.io/calico/cni:v3.26.1}]
              containers:
              - name: calico-node
                image: docker.io/calico/node:v3.26.1
                env: [{name: CALICO_IPV4POOL_CIDR, value: 192.168.0.0/16}, {name: FELIX_HEALTHENABLED, value: "true"}]
        ---
        apiVersion: v1
        kind: ServiceAccount
        metadata: {name: calico-node, namespace: kube-system}
        """;

    private static readonly KindManifests Manifests = new(ObjectReader.Read(Calico, "calico.yaml"), [], []);

    [Test]
    public void WithImages_replaces_them_in_every_container_and_leaves_the_original()
    {
        var mirrored = Manifests.WithImages(new Dictionary<string, string> { ["docker.io/calico/cni:v3.26.1"] = "mirror.example/cni:v3.26.1" });

        using (Assert.EnterMultipleScope())
        {
            Assert.That(mirrored.Calico[0].Json.ToJsonString(), Does.Contain("mirror.example/cni:v3.26.1").And.Contain("docker.io/calico/node:v3.26.1"));
            Assert.That(mirrored.Calico[1], Is.SameAs(Manifests.Calico[1]));
            Assert.That(Manifests.Calico[0].Json.ToJsonString(), Does.Not.Contain("mirror.example"));
        }
    }

    [Test]
    public void WithImages_of_an_image_that_nothing_names_is_refused() =>
        Assert.That(
            () => Manifests.WithImages(new Dictionary<string, string> { ["calico/node:v3.26.1"] = "mirror.example/node:1" }),
            Throws.TypeOf<MigrationException>().With.Message.Contains("calico/node:v3.26.1").And.Property("Next").Contains("docker.io/calico/node:v3.26.1"));

    [Test]
    public void CalicoWith_of_an_operators_manifest_is_refused() =>
        Assert.That(
            () => new KindManifests([Manifests.Calico[1]], [], []).CalicoWith(new KindAddressPlan("r", Cidr.Parse("10.10.0.0/23"), 24)),
            Throws.TypeOf<MigrationException>().With.Message.Contains("no DaemonSet calico-node"));

    [Test]
    public void CalicoWith_sets_the_pool_once_and_keeps_what_else_is_set()
    {
        var objects = Manifests.CalicoWith(new KindAddressPlan("r", Cidr.Parse("10.10.0.0/23"), 24));

        Assert.That(
            objects[0].Json["spec"]!["template"]!["spec"]!["containers"]![0]!["env"]!.ToJsonString(),
            Is.EqualTo("""[{"name":"FELIX_HEALTHENABLED","value":"true"},{"name":"CALICO_IPV4POOL_CIDR","value":"10.10.0.0/23"},{"name":"CALICO_IPV4POOL_BLOCK_SIZE","value":"24"}]"""));
    }

    [Test]
    public void Read_of_a_folder_without_one_of_the_files_names_it()
    {
        var folder = Directory.CreateTempSubdirectory("manifests-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "calico.yaml"), Calico);
            Assert.That(
                () => KindManifests.Read(folder.FullName),
                Throws.TypeOf<MigrationException>().With.Message.Contains("antrea.yml").And.Property("Next").Contains("multus-daemonset.yml"));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task DownloadAsync_asks_the_projects_for_the_releases()
    {
        List<string> asked = [];
        using var http = new HttpClient(new Answering(request =>
        {
            asked.Add(request.RequestUri!.AbsoluteUri);
            return new HttpResponseMessage(HttpStatusCode.OK) { Content = new StringContent(Calico) };
        }));

        var manifests = await KindManifests.DownloadAsync(http, new KindReleases { Antrea = "v1.14.0" });

        using (Assert.EnterMultipleScope())
        {
            Assert.That(manifests.Multus, Has.Length.EqualTo(2));
            Assert.That(asked, Has.Count.EqualTo(3).And.Some.EndsWith("/projectcalico/calico/v3.26.1/manifests/calico.yaml").And.Some.EndsWith("/download/v1.14.0/antrea.yml"));
        }
    }

    [Test]
    public async Task DownloadAsync_takes_the_release_of_Multus_and_not_what_is_newest()
    {
        using var http = new HttpClient(new Answering(_ => new HttpResponseMessage(HttpStatusCode.OK)
        {
            Content = new StringContent(Calico.Replace("docker.io/calico/node:v3.26.1", "ghcr.io/k8snetworkplumbingwg/multus-cni:snapshot", StringComparison.Ordinal)),
        }));

        var manifests = await KindManifests.DownloadAsync(http, new KindReleases());

        Assert.That(manifests.Multus[0].Json.ToJsonString(), Does.Contain("multus-cni:v4.2.4").And.Not.Contain("snapshot"));
    }

    [Test]
    public async Task DownloadAsync_that_takes_too_long_says_what_else_to_do()
    {
        using var http = new HttpClient(new Answering(_ => throw new TaskCanceledException("The request was canceled due to the configured HttpClient.Timeout")));

        Assert.That(
            (await Assert.ThrowsAsync<MigrationException>(() => KindManifests.DownloadAsync(http, new KindReleases())))!.Next, Does.Contain("into a folder"));
    }

    [Test]
    public async Task DownloadAsync_without_an_answer_says_what_else_to_do()
    {
        using var http = new HttpClient(new Answering(_ => new HttpResponseMessage(HttpStatusCode.NotFound)));

        var failure = await Assert.ThrowsAsync<MigrationException>(() => KindManifests.DownloadAsync(http, new KindReleases()));

        Assert.That(failure!.Message, Does.Contain("calico.yaml cannot be downloaded").And.Contain("404"));
    }

    [TestCase("nginx:1.27", "docker.io/library/nginx:1.27")]
    [TestCase("calico/node:v3.26.1", "docker.io/calico/node:v3.26.1")]
    [TestCase("quay.io/calico/node:v3.26.1", "quay.io/calico/node:v3.26.1")]
    [TestCase("localhost/stand-ins:1", "localhost/stand-ins:1")]
    [TestCase("mirror:5000/node", "mirror:5000/node:latest")]
    [TestCase("stand-ins", "docker.io/library/stand-ins:latest")]
    [TestCase("a/b@sha256:0", "docker.io/a/b@sha256:0")]
    public void An_image_in_full_has_its_registry(string image, string inFull) => Assert.That(KindImage.InFull(image), Is.EqualTo(inFull));

    private sealed class Answering(Func<HttpRequestMessage, HttpResponseMessage> answer) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(answer(request));
    }
}
