using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Antrea.Migration.Tests.Connectivity;
using Antrea.Migration.Tests.House;

namespace Antrea.Migrator.Tests.Commands;

/// <summary><c>probe --rate</c> and <c>--max</c> against a server on the loopback address.</summary>
public class LoadProbeTests
{
    private const string Answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    private const string Refusal = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";

    [Test]
    public async Task A_rate_is_kept_and_its_report_is_a_table()
    {
        await using var server = LoopbackServer.Answering(Answer);
        var run = await MigratorRun.OfAsync("probe", "-url", server.Url.OriginalString, "--rate", "100/s", "--duration", "100ms", "--timeout", "60000", "--stall", "1m");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")), run.Output);
        Assert.That(run.Output, Does.Contain("Requests   10 due, 10 ok, 0 failed, 0 not sent").And.Contain("p99.99").And.Contain("Sent late")
            .And.Contain("Outages    0").And.Contain("Fail if    success<100%: 100%\n"));
        Assert.That(server.Requests, Is.EqualTo(10));
    }

    [Test]
    public async Task The_closed_loop_sends_as_many_as_asked_for()
    {
        await using var server = LoopbackServer.Answering(Answer);
        var run = await MigratorRun.OfAsync("probe", "-url", server.Url.OriginalString, "--max", "-c", "3", "-n", "300", "--duration", "10m", "--timeout", "60000", "-o", "json");
        Assert.That((run.ExitCode, run.Error), Is.EqualTo((ExitCodes.Success, "")), run.Output);
        Assert.That(((string?)run.Json["mode"], (long?)run.Json["success"], server.Connections), Is.EqualTo(("closedLoop", 300L, 3)));
    }

    [Test]
    public async Task The_JSON_has_what_its_document_says_and_nothing_else()
    {
        await using var server = LoopbackServer.Answering(Refusal);
        var run = await MigratorRun.OfAsync("probe", "-url", server.Url.OriginalString, "--rate", "100/s", "--duration", "50ms", "-o", "json");
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings), run.Error);
        var documented = File.ReadLines(Repository.At("docs", "probe-json.md"))
            .Where(l => l.StartsWith("| `", StringComparison.Ordinal))
            .SelectMany(l => Regex.Matches(l.Split('|')[1], "`([^`]+)`").Select(m => m.Groups[1].Value));
        Assert.That(MembersOf(run.Json.AsObject()), Is.EquivalentTo(documented));
        Assert.That((string?)run.Json["schema"], Is.EqualTo("antrea-migrator/probe/v1"));
        Assert.That((string?)run.Json["failures"]![0]!["cause"], Is.EqualTo("HttpStatus"));
    }

    [Test]
    public async Task The_CSV_has_a_line_a_second()
    {
        await using var server = LoopbackServer.Answering(Answer);
        var run = await MigratorRun.OfAsync("probe", "-url", server.Url.OriginalString, "--rate", "100/s", "--duration", "50ms", "-o", "csv", "--timeout", "60000");
        Assert.That(run.Output, Does.Match(@"\Asecond,success,failure,not_sent,p50_ms,p99_ms,max_ms\n0,\d,0,0,[\d.]+,[\d.]+,[\d.]+\n"));
    }

    [Test]
    public async Task The_JUnit_report_has_a_case_a_limit()
    {
        await using var server = LoopbackServer.Answering(Refusal);
        var run = await MigratorRun.OfAsync(
            "probe", "-url", server.Url.OriginalString, "--rate", "100/s", "--duration", "50ms", "-o", "junit", "--fail-if", "success<50%", "--fail-if", "not-sent>0");
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings));
        var suite = XElement.Parse(run.Output).Element("testsuite")!;
        Assert.That(((string?)suite.Attribute("tests"), (string?)suite.Attribute("failures")), Is.EqualTo(("2", "1")));
        Assert.That(
            suite.Elements("testcase").Select(c => ((string?)c.Attribute("name"), (string?)c.Element("failure")?.Attribute("message"))),
            Is.EqualTo(new[] { ("success<50%", (string?)"measured 0%"), ("not-sent>0", null) }));
    }

    [TestCase("failures>5", ExitCodes.Success)]
    [TestCase("success<100%", ExitCodes.Findings)]
    [TestCase("p99>10m", ExitCodes.Success)]
    public async Task The_limits_decide_the_exit_code(string limit, int expected)
    {
        await using var server = LoopbackServer.Answering(Refusal);
        var run = await MigratorRun.OfAsync("probe", "-url", server.Url.OriginalString, "--max", "-n", "5", "-c", "1", "--fail-if", limit);
        Assert.That(run.ExitCode, Is.EqualTo(expected), run.Output);
    }

    [TestCase("--rate 100/s --duration 1h")]
    [TestCase("--max --duration 1h")]
    [CancelAfter(60_000)]
    public async Task Interrupted_it_still_prints_everything(string mode, CancellationToken cancellationToken)
    {
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var server = new LoopbackServer(async (socket, stop) =>
        {
            await socket.SendAsync(System.Text.Encoding.ASCII.GetBytes(Answer), stop);
            await interrupt.CancelAsync();
        });
        var run = await MigratorRun.OfAsync(interrupt.Token, ["probe", "-url", server.Url.OriginalString, .. mode.Split(' ')]);
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Interrupted), run.Error);
        Assert.That(run.Output, Does.Contain(", interrupted\nRequests   ").And.Contain("Outages    "));
    }

    [TestCase("timeline.svg")]
    [TestCase("new/timeline.html")]
    public async Task The_run_is_drawn_with_its_outage(string file)
    {
        using var folder = new TemporaryFolder();
        await using var server = LoopbackServer.Answering(Refusal);
        var run = await MigratorRun.OfAsync("probe", "-url", server.Url.OriginalString, "--rate", "100/s", "--duration", "50ms", "--timeline", folder.At(file));
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Findings), run.Error);
        var picture = XDocument.Load(folder.At(file)).Descendants().Single(e => e.Name.LocalName == "svg");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(picture.Elements().First().Value, Does.Match($@"\A{server.Url.OriginalString}: one outage of [\d.]+m?s\z"));
            Assert.That(picture.Descendants().Count(e => (string?)e.Attribute("class") == "outage" && e.HasElements), Is.EqualTo(1));
        }
    }

    [Test]
    public async Task A_timeline_in_another_format_is_refused_before_anything_is_sent()
    {
        await using var server = LoopbackServer.Answering(Answer);
        var run = await MigratorRun.OfAsync("probe", "-url", server.Url.OriginalString, "--rate", "100/s", "--timeline", "timeline.png");
        run.VerifyRefused("--timeline", "timeline.png", ".svg", ".html");
        Assert.That(server.Requests, Is.Zero);
    }

    [Test]
    public async Task A_timeline_that_cannot_be_written_is_refused_before_anything_is_sent()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.At("timeline.svg.part"));
        await using var server = LoopbackServer.Answering(Answer);
        var run = await MigratorRun.OfAsync("probe", "-url", server.Url.OriginalString, "--rate", "100/s", "--timeline", folder.At("timeline.svg"));
        run.VerifyRefused("timeline.svg");
        Assert.That(server.Requests, Is.Zero);
    }

    [Test]
    public async Task A_URL_with_control_characters_is_refused() =>
        (await MigratorRun.OfAsync("probe", "--rate", "1", "-o", "junit", "-url", "http://127.0.0.1/\u0001")).VerifyRefused("control characters");

    [Test]
    public async Task What_a_server_says_that_speaks_no_HTTP_is_printed_without_its_control_characters()
    {
        await using var server = LoopbackServer.Answering("\u001b[2J\0SSH-2.0\r\n\r\n");
        var run = await MigratorRun.OfAsync("probe", "-url", server.Url.OriginalString, "--rate", "100/s", "--duration", "10ms");
        Assert.That(run.Output, Does.Contain("SSH-2.0").And.Not.Contain("\u001b").And.Not.Contain("\0"));
    }

    [Test]
    public async Task The_report_fits_a_narrow_terminal_and_leaves_out_what_nobody_measured()
    {
        await using var server = LoopbackServer.Answering(Answer);
        var answered = await MigratorRun.OfAsync("probe", "-url", server.Url.OriginalString, "--rate", "100/s", "--duration", "50ms", "--timeout", "60000");
        var closed = LoopbackServer.Answering(Answer);
        await closed.DisposeAsync();
        var refused = await MigratorRun.OfAsync("probe", "-url", closed.Url.OriginalString, "--max", "-n", "3");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answered.Lines.Where(l => l.Contains("p99.99", StringComparison.Ordinal)), Has.One.Matches(@"\A\s+p99\.99(\s+[\d.]+m?s){2}\z"));
            Assert.That(answered.Lines.Max(l => l.Length), Is.LessThan(80));
            Assert.That(refused.Output, Does.Contain("3 × refused").And.Not.Contain("p99"));
        }
    }

    [Test]
    public async Task A_raw_connection_is_a_request_too()
    {
        await using var server = LoopbackServer.Answering("");
        var run = await MigratorRun.OfAsync("probe", "-url", $"tcp://127.0.0.1:{server.Port}", "--rate", "100/s", "--duration", "50ms", "--timeout", "60000");
        Assert.That(run.ExitCode, Is.EqualTo(ExitCodes.Success), run.Output + run.Error);
        Assert.That(run.Output, Does.Contain("5 due, 5 ok"));
    }

    [TestCase("http://x --rate 50/s --max", "give one of them")]
    [TestCase("http://x --rate 0", "--rate is '0'")]
    [TestCase("http://x --rate 5/h", "--rate is '5/h'")]
    [TestCase("http://x --rate 5 --duration 5", "--duration is '5'")]
    [TestCase("http://x --rate 5 --fail-if p98>1s", "measures 'p98'")]
    [TestCase("http://x -o json", "--output needs --rate or --max")]
    [TestCase("http://x --fail-if success<100%", "--fail-if needs --rate or --max")]
    [TestCase("http://x --timeline t.svg", "--timeline needs --rate or --max")]
    [TestCase("https://x --max", "--max speaks http only")]
    [TestCase("tcp://x:80", "others need --rate")]
    [TestCase("tcp://x --rate 5", "has no port of its own")]
    public async Task Wrong_usage_is_refused(string arguments, string message)
    {
        var run = await MigratorRun.OfAsync(["probe", "-url", .. arguments.Split(' ')]);
        run.VerifyRefused(message, "antrea-migrator probe --help");
    }

    /// <summary>Down to objects in lists; what lies in other objects is described in a sentence.</summary>
    private static IEnumerable<string> MembersOf(JsonObject json) => json.SelectMany(member =>
        member.Value is JsonArray { Count: > 0 } list
            ? list[0]!.AsObject().Select(inner => $"{member.Key}[].{inner.Key}")
            : [member.Key]);
}
