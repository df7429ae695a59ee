using System.Net.WebSockets;
using System.Text.Json;
using Antrea.Migration.Clusters;
using k8s;
using k8s.Autorest;

namespace Antrea.Migration.Execution;

/// <summary>Runs commands in containers, by the API server's <c>pods/exec</c>.</summary>
internal static class PodExec
{
    /// <summary>Runs a command to its end and returns all it has printed.</summary>
    /// <exception cref="Exception">One that <see cref="IsFailure"/> knows.</exception>
    /// <exception cref="MigrationException">It has printed more than <see cref="NodeOutput.MostCharacters"/>.</exception>
    public static async Task<NodeCommandResult> RunAsync(
        Kubernetes client, string @namespace, string pod, string container, IEnumerable<string> argv, CancellationToken cancellationToken)
    {
        var (output, error) = ("", "");
        var exitCode = await RunAsync(
            client,
            @namespace,
            pod,
            container,
            argv,
            async (outReader, errReader) =>
            {
                var outText = NodeOutput.ReadAsync(outReader, cancellationToken);
                var errText = NodeOutput.ReadAsync(errReader, cancellationToken);
                output = await outText.ConfigureAwait(false);
                error = await errText.ConfigureAwait(false);
            },
            cancellationToken).ConfigureAwait(false);
        return new NodeCommandResult(exitCode, output, error);
    }

    /// <summary>Runs a command and hands both outputs over as they come.</summary>
    /// <exception cref="Exception">One that <see cref="IsFailure"/> knows.</exception>
    /// <exception cref="MigrationException">The kubeconfig's credentials cannot be had.</exception>
    public static async Task<int> RunAsync(
        Kubernetes client,
        string @namespace,
        string pod,
        string container,
        IEnumerable<string> argv,
        Func<StreamReader, StreamReader, Task> read,
        CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(client.HttpClientTimeout);
        try
        {
            return await client.NamespacedPodExecAsync(
                pod,
                @namespace,
                container,
                argv,
                tty: false,
                async (_, outStream, errStream) =>
                {
                    // Connected; how long the command may take is the command's affair.
                    limit.CancelAfter(Timeout.InfiniteTimeSpan);
                    using var outReader = new StreamReader(outStream);
                    using var errReader = new StreamReader(errStream);
                    await read(outReader, errReader).ConfigureAwait(false);
                },
                limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException e)
        {
            throw cancellationToken.IsCancellationRequested
                ? new OperationCanceledException(e.Message, e, cancellationToken)
                : new IOException("there was no answer in time", e);
        }
        catch (k8s.Exceptions.KubeConfigException e)
        {
            throw KubernetesApi.WithoutCredentials(client.BaseUri, e);
        }
        catch (Exception e) when (e is JsonException or ArgumentNullException)
        {
            // The client reads the exit code from a last message; without it the output may be cut short as well.
            throw new IOException("the connection ended before the command's exit code came", e);
        }
    }

    /// <summary>Whether the Pod, the API server or the way to it is at fault, and not the caller.</summary>
    public static bool IsFailure(Exception exception) =>
        exception is HttpOperationException or KubernetesException or KubernetesApiException or IOException or WebSocketException or HttpRequestException;
}
