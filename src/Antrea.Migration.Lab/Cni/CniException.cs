namespace Antrea.Migration.Lab.Cni;

/// <summary>A CNI plugin or the loading of its configuration failed; the message is what the runtime would report.</summary>
internal sealed class CniException(string message, Exception? innerException = null) : Exception(message, innerException);
