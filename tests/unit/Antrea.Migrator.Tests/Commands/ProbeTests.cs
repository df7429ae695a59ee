using System.Net;
using System.Net.Sockets;
using System.Text.RegularExpressions;
using Antrea.Migration.Tests.Connectivity;

namespace Antrea.Migrator.Tests.Commands;

public class ProbeTests
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

    [Test]
    public async Task Prints_what_the_seeds_client_prints()
    {
        await using var server = LoopbackServer.Answering(Answer);
        var run = await MigratorRun.OfAsync("probe", "-c", "2", "-n", "20", "-url", server.Url.OriginalString, "--interval", "1");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")), run.Output);
        var lines = run.Lines.Where(l => l.Length > 0).Select(WithoutTime).ToArray();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                lines.Where(l => l.EndsWith("Requests completed", StringComparison.Ordinal)),
                Is.EqualTo(Enumerable.Range(1, 10).Select(i => $"{2 * i} Requests completed")));
            Assert.That(lines.Count(l => l == "Receiving Stop Signal, stopping..."), Is.EqualTo(2));
            Assert.That(lines[^6], Does.Match(@"^Total Requests:  2[01]$"));
            Assert.That(lines[^5], Does.Match(@"^Success: 2[01]$"));
            Assert.That(lines[^4], Is.EqualTo("Failure: 0"));
            Assert.That(lines[^3], Is.EqualTo("Success Rate: 100.000000%"));
            Assert.That(lines[^2], Does.Match(@"^Total time: [0-9.]+(µs|ms|s)$"));
            Assert.That(lines[^1], Does.EndWith("Failures by cause: none"));
        }
    }

    [Test]
    public async Task A_status_other_than_200_is_a_failure_and_named()
    {
        await using var server = LoopbackServer.Answering("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
        var run = await MigratorRun.OfAsync("probe", "-c", "1", "-n", "2", "-url", server.Url.OriginalString, "--interval", "1");
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings));
        Assert.That(run.Output, Does.Match("Failures by cause: [23] × HTTP status\n").And.Contain("Success: 0"));
    }

    [Test]
    public async Task A_closed_port_is_refused()
    {
        var run = await MigratorRun.OfAsync("probe", "-c", "1", "-n", "2", "-url", $"http://127.0.0.1:{ClosedPort()}/", "--interval", "1");
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings));
        Assert.That(run.Output, Does.Match("Failures by cause: [23] × refused\n").And.Contain("Success Rate: 0.000000%"));
    }

    [Test]
    public async Task The_seeds_typo_is_a_matter_of_DNS()
    {
        var run = await MigratorRun.OfAsync("probe", "-c", "1", "-n", "2", "-url", "http://nginx-orign.invalid", "--interval", "1");
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings));
        Assert.That(run.Output, Does.Match("Failures by cause: [23] × DNS\n"));
    }

    [Test]
    public async Task Interrupted_it_still_prints_the_totals()
    {
        using var interrupt = new CancellationTokenSource();
        await using var server = new LoopbackServer(async (socket, stop) =>
        {
            await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(Answer), stop);
            await interrupt.CancelAsync();
        });
        var run = await MigratorRun.OfAsync(
            interrupt.Token, "probe", "-c", "1", "-n", "1000000", "-url", server.Url.OriginalString, "--interval", "1");
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Interrupted));
        Assert.That(run.Output, Does.Contain("Receiving Stop Signal, stopping...").And.Contain("Total Requests:"));
    }

    [TestCase("-c 0", "-c is '0', but must be a whole number between 1 and 10000.")]
    [TestCase("-n -1", "-n is '-1', but must be a whole number of at least 1.")]
    [TestCase("-n 99999999999", "-n is '99999999999'")]
    [TestCase("--interval 0", "--interval is '0'")]
    [TestCase("--timeout 0", "--timeout is '0'")]
    public async Task A_number_out_of_range_is_refused(string option, string message)
    {
        var run = await MigratorRun.OfAsync(["probe", "-url", "http://127.0.0.1/", .. option.Split(' ')]);
        run.VerifyRefused(message, "antrea-migrator probe --help");
    }

    [TestCase("ftp://nginx-origin")]
    [TestCase("nginx-origin")]
    [TestCase("")]
    public async Task What_is_no_http_URL_is_refused(string url)
    {
        var run = await MigratorRun.OfAsync("probe", "-url", url);
        run.VerifyRefused($"-url is '{url}'", "http://nginx-origin");
    }

    [Test]
    public async Task A_probe_without_URL_is_refused() =>
        (await MigratorRun.OfAsync("probe", "-n", "1")).VerifyRefused("'-url'");

    private static string WithoutTime(string line) => Regex.Replace(line, @"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "");

    private static int ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
