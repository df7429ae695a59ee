using Antrea.Migration;
using k8s;
using k8s.Exceptions;
using k8s.KubeConfigModels;

namespace Antrea.Migrator.Commands;

/// <summary>A kubeconfig from a file; what is wrong with it in words of the file, not of the client library.</summary>
internal static class Kubeconfig
{
    /// <summary>The file named, else the first of $KUBECONFIG, else ~/.kube/config.</summary>
    /// <exception cref="MigrationException">It is missing or cannot be used.</exception>
    public static KubernetesClientConfiguration Load(string? path, string? context, bool offline)
    {
        var next = "Name one with --kubeconfig, set KUBECONFIG, "
            + (offline ? "read saved files with --from, " : "") + "or try it all without a cluster: --lab.";
        var file = path ?? FromEnvironment()
            ?? Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify), ".kube", "config");
        if (!File.Exists(file))
        {
            throw new MigrationException($"There is no kubeconfig at {file}.", next);
        }

        try
        {
            // Asked for relative paths, the client dereferences the null that an empty file is; so they are set after it.
            var config = KubernetesClientConfiguration.LoadKubeConfig(new FileInfo(file), useRelativePaths: false);
            if (Fault(config, context) is { } fault)
            {
                throw new MigrationException($"The kubeconfig {file} cannot be used: {fault}.", next);
            }

            config.FileName = Path.GetFullPath(file);
            return KubernetesClientConfiguration.BuildConfigFromConfigObject(config, context);
        }
        catch (Exception e) when (e is KubeConfigException or YamlDotNet.Core.YamlException or FormatException
            or IOException or UnauthorizedAccessException or ArgumentException or System.Security.Cryptography.CryptographicException)
        {
            throw new MigrationException($"The kubeconfig {file} cannot be used: {Describe(e)}", next, e);
        }
    }

    private static string? FromEnvironment() =>
        Environment.GetEnvironmentVariable("KUBECONFIG")?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).FirstOrDefault();

    private static string? Fault(K8SConfiguration? config, string? context)
    {
        if (config is null)
        {
            return "it is empty";
        }

        var contexts = config.Contexts?.ToList() ?? [];
        var known = contexts.Count == 0 ? "it has no contexts" : $"its contexts are {string.Join(", ", contexts.Select(c => c.Name))}";
        var name = context ?? config.CurrentContext;
        if (string.IsNullOrEmpty(name))
        {
            return $"it has no current-context and --context names none; {known}";
        }

        var chosen = contexts.FirstOrDefault(c => c.Name == name);
        if (chosen is null)
        {
            return $"{(context is null ? "its current-context" : "the context")} '{name}' is not in it; {known}";
        }

        var cluster = chosen.ContextDetails?.Cluster;
        if (config.Clusters?.FirstOrDefault(c => c.Name == cluster) is not { } found)
        {
            return $"context '{name}' names the cluster '{cluster}', which is not in it";
        }

        return string.IsNullOrEmpty(found.ClusterEndpoint?.Server) ? $"cluster '{cluster}' has no server" : null;
    }

    /// <summary>YamlDotNet has the reason in the innermost exception and the place apart from the message.</summary>
    private static string Describe(Exception e) =>
        e is YamlDotNet.Core.YamlException yaml
            ? $"line {yaml.Start.Line}, column {yaml.Start.Column}: "
                + (e.InnerException is InvalidCastException ? "this is not a kubeconfig." : (e.InnerException ?? e).Message)
            : e.Message;
}
