using System.Net;
using System.Net.Sockets;

namespace Antrea.Migrator.Tests.Commands;

public class KubeconfigTests
{
    private static readonly string[] Verbs = ["check", "plan", "cidrs", "migrate", "status", "policies convert", "snapshot --to never-written"];

    [TestCaseSource(nameof(Verbs))]
    public async Task Without_one_every_verb_says_what_to_do(string verb)
    {
        using var folder = new TemporaryFolder();
        var run = await MigratorRun.OfAsync([.. verb.Split(' '), "--kubeconfig", folder.At("missing")]);
        run.VerifyRefused($"There is no kubeconfig at {folder.At("missing")}.", "--kubeconfig", "KUBECONFIG", "--lab");
        Assert.That(Directory.Exists("never-written"), Is.False);
    }

    [TestCase("", "it is empty")]
    [TestCase("# nothing\n", "it is empty")]
    [TestCase("hello\n", "line 1, column 1: this is not a kubeconfig")]
    [TestCase("a: b\n\tc: d\n", "line 1, column 4")]
    [TestCase("apiVersion: v1\nkind: Config\n", "it has no current-context and --context names none; it has no contexts")]
    [TestCase("contexts: [{name: x, context: {cluster: k}}]\ncurrent-context: y\n", "its current-context 'y' is not in it; its contexts are x")]
    [TestCase("contexts: [{name: x, context: {cluster: k}}]\ncurrent-context: x\n", "context 'x' names the cluster 'k', which is not in it")]
    [TestCase("clusters: [{name: k, cluster: {}}]\ncontexts: [{name: x, context: {cluster: k}}]\ncurrent-context: x\n", "cluster 'k' has no server")]
    public async Task What_is_wrong_with_it_is_said(string text, string fault)
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("config", text);
        (await MigratorRun.OfAsync("migrate", "--kubeconfig", file)).VerifyRefused($"The kubeconfig {file} cannot be used: {fault}", "--lab");
    }

    [Test]
    public async Task A_context_that_is_not_in_it_is_named()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Write("config", Text("https://127.0.0.1:1"));
        (await MigratorRun.OfAsync("check", "--kubeconfig", file, "--context", "nope"))
            .VerifyRefused("the context 'nope' is not in it; its contexts are lab");
    }

    [Test]
    public async Task An_API_server_that_is_not_there_is_named()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var server = $"https://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
        listener.Stop();
        using var folder = new TemporaryFolder();
        var file = folder.Write("config", Text(server));
        (await MigratorRun.OfAsync("status", "--kubeconfig", file)).VerifyRefused(server, "cannot be reached", "next: ");
    }

    private static string Text(string server) =>
        $$"""
        apiVersion: v1
        kind: Config
        clusters: [{name: lab, cluster: {server: "{{server}}"} }]
        users: [{name: lab, user: {token: none} }]
        contexts: [{name: lab, context: {cluster: lab, user: lab} }]
        current-context: lab
        """;
}
