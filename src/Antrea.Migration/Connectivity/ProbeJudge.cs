using System.Net.Http;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Antrea.Migration.Connectivity;

/// <summary>Says what a response, or the lack of one, means.</summary>
internal static class ProbeJudge
{
    /// <summary>Status 200 is success and everything else is not, as in the seed's client.</summary>
    public static ProbeOutcome Judge(ProbeResponse response) => JudgeStatus(response.StatusCode);

    /// <summary>The same of the status alone.</summary>
    public static ProbeOutcome JudgeStatus(int status) =>
        status == 200 ? ProbeOutcome.Success : new ProbeOutcome(ProbeFailureCause.HttpStatus, $"HTTP {status}");

    /// <summary>Finds the cause in an exception and those inside it; the innermost that says something wins.</summary>
    /// <param name="exception">What the transport threw.</param>
    /// <param name="timeout">The limit that was set, for the text.</param>
    public static ProbeOutcome Judge(Exception exception, TimeSpan timeout)
    {
        if (exception is OperationCanceledException)
        {
            return JudgeTimeout((exception as ProbeInterruptedException)?.Stage, timeout);
        }

        ProbeOutcome? found = null;
        for (var e = exception; e is not null; e = e.InnerException)
        {
            if (CauseOf(e) is { } cause)
            {
                found = new ProbeOutcome(cause, ForeignText.Plain(e.Message));
            }
        }

        return found ?? new ProbeOutcome(ProbeFailureCause.Other, ForeignText.Plain($"{exception.GetType().Name}: {exception.Message}"));
    }

    /// <summary>What it means that the time was up.</summary>
    /// <param name="stage">How far the request had come, if that is known.</param>
    /// <param name="timeout">The limit that was set, for the text.</param>
    public static ProbeOutcome JudgeTimeout(ProbeStage? stage, TimeSpan timeout) => JudgeSilence(stage, $"within {GoDuration.FromTimeSpan(timeout)}");

    /// <summary>What it means that nobody waits any longer.</summary>
    /// <param name="stage">How far the request had come, if that is known.</param>
    public static ProbeOutcome JudgeStopped(ProbeStage? stage) =>
        JudgeSilence(stage, $"within {GoDuration.FromTimeSpan(StopRequest.Patience)} after the run was stopped");

    private static ProbeOutcome JudgeSilence(ProbeStage? stage, string within) => stage switch
    {
        ProbeStage.Resolving => new(ProbeFailureCause.Dns, $"name not resolved {within}"),
        ProbeStage.Queued or ProbeStage.Connecting => new(ProbeFailureCause.Timeout, $"no connection {within}"),
        ProbeStage.Connected => new(ProbeFailureCause.Timeout, $"connected, but no complete response {within}"),
        _ => new(ProbeFailureCause.Timeout, $"no complete response {within}"),
    };

    private static ProbeFailureCause? CauseOf(Exception exception) => exception switch
    {
        SocketException socket => CauseOf(socket.SocketErrorCode),
        AuthenticationException => ProbeFailureCause.Tls,
        TimeoutException or OperationCanceledException => ProbeFailureCause.Timeout,
        HttpRequestException { HttpRequestError: var error } => CauseOf(error),
        HttpIOException { HttpRequestError: var error } => CauseOf(error),
        _ => null,
    };

    private static ProbeFailureCause? CauseOf(HttpRequestError error) => error switch
    {
        HttpRequestError.NameResolutionError => ProbeFailureCause.Dns,
        HttpRequestError.SecureConnectionError => ProbeFailureCause.Tls,
        HttpRequestError.ResponseEnded => ProbeFailureCause.Reset,
        HttpRequestError.InvalidResponse => ProbeFailureCause.Other,
        _ => null,
    };

    private static ProbeFailureCause CauseOf(SocketError error) => error switch
    {
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery =>
            ProbeFailureCause.Dns,
        SocketError.ConnectionRefused => ProbeFailureCause.Refused,
        SocketError.HostUnreachable or SocketError.NetworkUnreachable or SocketError.HostDown
            or SocketError.NetworkDown => ProbeFailureCause.Unreachable,
        SocketError.TimedOut => ProbeFailureCause.Timeout,
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown
            or SocketError.NotConnected => ProbeFailureCause.Reset,
        _ => ProbeFailureCause.Other,
    };
}
