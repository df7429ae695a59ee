using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;
using Antrea.Migration.Connectivity;

namespace Antrea.Migration.Tests.Connectivity;

public class ProbeJudgeTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    [Test]
    public void Judge_Status200_IsSuccessAndNothingElseIs([Values(199, 200, 201, 204, 301, 404, 500, 503)] int status)
    {
        var outcome = ProbeJudge.Judge(new ProbeResponse(status, 0));
        Assert.That(outcome, Is.EqualTo(
            status == 200 ? ProbeOutcome.Success : new ProbeOutcome(ProbeFailureCause.HttpStatus, $"HTTP {status}")));
    }

    [TestCase(SocketError.HostNotFound, ProbeFailureCause.Dns)]
    [TestCase(SocketError.TryAgain, ProbeFailureCause.Dns)]
    [TestCase(SocketError.NoData, ProbeFailureCause.Dns)]
    [TestCase(SocketError.ConnectionRefused, ProbeFailureCause.Refused)]
    [TestCase(SocketError.HostUnreachable, ProbeFailureCause.Unreachable)]
    [TestCase(SocketError.NetworkUnreachable, ProbeFailureCause.Unreachable)]
    [TestCase(SocketError.TimedOut, ProbeFailureCause.Timeout)]
    [TestCase(SocketError.ConnectionReset, ProbeFailureCause.Reset)]
    [TestCase(SocketError.AccessDenied, ProbeFailureCause.Other)]
    public void Judge_SocketErrorInsideOthers_DecidesTheCause(SocketError error, ProbeFailureCause cause)
    {
        var socket = new SocketException((int)error);
        var outcome = ProbeJudge.Judge(
            new HttpRequestException(HttpRequestError.ResponseEnded, "outer", new IOException("middle", socket)), Limit);
        Assert.That(outcome, Is.EqualTo(new ProbeOutcome(cause, socket.Message)));
    }

    private static IEnumerable<TestCaseData> Exceptions()
    {
        yield return new TestCaseData(
            new ProbeInterruptedException(ProbeStage.Resolving, new OperationCanceledException()),
            new ProbeOutcome(ProbeFailureCause.Dns, "name not resolved within 2s"));
        yield return new TestCaseData(
            new ProbeInterruptedException(ProbeStage.Connecting, new OperationCanceledException()),
            new ProbeOutcome(ProbeFailureCause.Timeout, "no connection within 2s"));
        yield return new TestCaseData(
            new ProbeInterruptedException(ProbeStage.Connected, new OperationCanceledException()),
            new ProbeOutcome(ProbeFailureCause.Timeout, "connected, but no complete response within 2s"));
        yield return new TestCaseData(
            new TaskCanceledException(), new ProbeOutcome(ProbeFailureCause.Timeout, "no complete response within 2s"));
        yield return new TestCaseData(
            new IOException("outer", new TaskCanceledException("inner")),
            new ProbeOutcome(ProbeFailureCause.Timeout, "inner"));
        yield return new TestCaseData(
            new TimeoutException("slow"), new ProbeOutcome(ProbeFailureCause.Timeout, "slow"));
        yield return new TestCaseData(
            new HttpRequestException(HttpRequestError.SecureConnectionError, "x", new AuthenticationException("bad certificate")),
            new ProbeOutcome(ProbeFailureCause.Tls, "bad certificate"));
        yield return new TestCaseData(
            new HttpRequestException(HttpRequestError.NameResolutionError, "who?"),
            new ProbeOutcome(ProbeFailureCause.Dns, "who?"));
        yield return new TestCaseData(
            new HttpIOException(HttpRequestError.ResponseEnded, "cut"),
            new ProbeOutcome(ProbeFailureCause.Reset, new HttpIOException(HttpRequestError.ResponseEnded, "cut").Message));
        yield return new TestCaseData(
            new HttpRequestException(HttpRequestError.InvalidResponse, "Received '\u001b[31m\0\r\n\u202e" + new string('x', 200)),
            new ProbeOutcome(ProbeFailureCause.Other, "Received '\uFFFD[31m\uFFFD\uFFFD\uFFFD\uFFFD" + new string('x', 200 - 19) + "…"))
            .SetArgDisplayNames("words that would reach a terminal");
        yield return new TestCaseData(
            new InvalidDataException("odd"), new ProbeOutcome(ProbeFailureCause.Other, "InvalidDataException: odd"));
    }

    [TestCaseSource(nameof(Exceptions))]
    public void Judge_Exception_NamesTheCause(Exception exception, ProbeOutcome expected) =>
        Assert.That(ProbeJudge.Judge(exception, Limit), Is.EqualTo(expected));
}
